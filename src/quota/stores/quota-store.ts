import type { ModelState } from '../limiter/model-state.js';

/**
 * Stores model states under the keys that `modelStateKey` and `projectStateKey` return. They are not API keys. A store
 * belongs to one process, or is shared by several.
 */
export interface QuotaStore {
  /**
   * Changes the state under `key` in one transaction. If there is no state yet, `change` gets a new state
   * (`createModelState`), which is stored only if `change` changes it. `change` must be synchronous and may be called
   * more than once.
   * @returns the return value of `change`
   */
  transact<Result>(key: string, change: (state: ModelState) => Result): Promise<Result>;
  /** Returns a copy of the state under `key`, or undefined if there is none. Writes nothing. */
  read(key: string): Promise<ModelState | undefined>;
  /** Returns copies of all states, by key. */
  readAll(): Promise<Map<string, ModelState>>;
  /** Deletes the state under `key`. */
  remove(key: string): Promise<void>;
}
