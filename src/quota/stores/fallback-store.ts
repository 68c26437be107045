import { BoticelliError } from '../../errors.js';
import type { ModelState } from '../limiter/model-state.js';
import { createMemoryQuotaStore } from './memory-store.js';
import type { QuotaStore } from './quota-store.js';

export interface FallbackStoreOptions {
  store: QuotaStore;
  /** Called once, when the keeper fails, with what it threw. */
  onFailure: (thrown: unknown) => void;
}

/**
 * Goes on in memory when a keeper fails for good: a full disk, a file that became read-only or broke. What can still be
 * read of it is taken along, so that no request is sent which the book is known to forbid.
 */
export function createFallbackQuotaStore({ store, onFailure }: FallbackStoreOptions): QuotaStore {
  let current = store;
  const attempt = async <Result>(work: (store: QuotaStore) => Promise<Result>): Promise<Result> => {
    try {
      return await work(current);
    } catch (thrown) {
      // An expected failure (a lock that is not given up) is an answer, not a broken keeper.
      if (thrown instanceof BoticelliError || current !== store) throw thrown;
      const knownStates = await store.readAll().catch(() => new Map<string, ModelState>());
      if (current === store) {
        current = createMemoryQuotaStore(knownStates);
        onFailure(thrown);
      }
      return work(current);
    }
  };
  return {
    transact: (key, change) => attempt((store) => store.transact(key, change)),
    readAll: () => attempt((store) => store.readAll()),
    remove: (key) => attempt((store) => store.remove(key)),
  };
}
