import type { ModelState } from '../limiter/model-state.js';

/** Stores model states, for one process or for several that share the store. */
export interface QuotaStore {
  /**
   * Reads the state of a key (an empty one if there is none), applies `change`, and writes it back in one transaction.
   * `change` must be synchronous and may be called more than once.
   * @returns the return value of `change`
   */
  transact<Result>(key: string, change: (state: ModelState) => Result): Promise<Result>;
  /** Returns a copy of every state by key. */
  readAll(): Promise<Map<string, ModelState>>;
  /** Deletes the state of a key. */
  remove(key: string): Promise<void>;
}
