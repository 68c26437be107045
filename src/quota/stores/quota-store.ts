import type { ModelState } from '../limiter/model-state.js';

/** Stores model states. A store belongs to one process, or is shared by several. */
export interface QuotaStore {
  /**
   * Reads the state of a key, or creates an empty state; applies `change`; and writes the state back. All of this
   * happens in one transaction. `change` must be synchronous and may be called more than once.
   * @returns the return value of `change`
   */
  transact<Result>(key: string, change: (state: ModelState) => Result): Promise<Result>;
  /** Returns a copy of the state of a key, or undefined if there is none. Writes nothing. */
  read(key: string): Promise<ModelState | undefined>;
  /** Returns copies of all states, by key. */
  readAll(): Promise<Map<string, ModelState>>;
  /** Deletes the state of a key. */
  remove(key: string): Promise<void>;
}
