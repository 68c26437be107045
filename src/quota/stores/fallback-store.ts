import { BoticelliError } from '../../errors.js';
import type { ModelState } from '../limiter/model-state.js';
import { createMemoryQuotaStore } from './memory-store.js';
import type { QuotaStore } from './quota-store.js';

/** The options of `createStoreWithMemoryFallback`. */
export interface FallbackStoreOptions {
  store: QuotaStore;
  /** Called once, with the error, when the store fails. */
  onFailure: (thrown: unknown) => void;
}

/**
 * Creates a store that uses `store`, and memory once `store` has failed permanently (disk full, file read-only or
 * corrupt). The states that can still be read are copied, so that known limits still apply.
 */
export function createStoreWithMemoryFallback({ store, onFailure }: FallbackStoreOptions): QuotaStore {
  let current = store;
  const attempt = async <Result>(work: (store: QuotaStore) => Promise<Result>): Promise<Result> => {
    const usedStore = current;
    try {
      return await work(usedStore);
    } catch (thrown) {
      // A BoticelliError (a lock that stays held) does not mean that the store is broken.
      if (thrown instanceof BoticelliError || usedStore !== store) throw thrown;
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
    read: (key) => attempt((store) => store.read(key)),
    readAll: () => attempt((store) => store.readAll()),
    remove: (key) => attempt((store) => store.remove(key)),
  };
}
