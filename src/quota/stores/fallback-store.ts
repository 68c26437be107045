import { BoticelliError } from '../../errors.js';
import type { Page } from '../limiter/model-state.js';
import { createMemoryKeeper } from './memory-store.js';
import type { Keeper } from './quota-store.js';

export interface ForgivingKeeperOptions {
  keeper: Keeper;
  /** Called once, when the keeper fails, with what it threw. */
  onFailure: (thrown: unknown) => void;
}

/**
 * Goes on in memory when a keeper fails for good: a full disk, a file that became read-only or broke. What can still be
 * read of it is taken along, so that no request is sent which the book is known to forbid.
 */
export function forgiving({ keeper, onFailure }: ForgivingKeeperOptions): Keeper {
  let current = keeper;
  const attempt = async <Result>(work: (keeper: Keeper) => Promise<Result>): Promise<Result> => {
    try {
      return await work(current);
    } catch (thrown) {
      // An expected failure (a lock that is not given up) is an answer, not a broken keeper.
      if (thrown instanceof BoticelliError || current !== keeper) throw thrown;
      const known = await keeper.pages().catch(() => new Map<string, Page>());
      if (current === keeper) {
        current = createMemoryKeeper(known);
        onFailure(thrown);
      }
      return work(current);
    }
  };
  return {
    transact: (key, change) => attempt((keeper) => keeper.transact(key, change)),
    pages: () => attempt((keeper) => keeper.pages()),
    forget: (key) => attempt((keeper) => keeper.forget(key)),
  };
}
