import type { ModelState } from '../limiter/model-state.js';

/** Keeps pages, for one process or for all that share it. */
export interface QuotaStore {
  /**
   * Reads the page of a key (an empty one where there is none), lets `change` work on it, and writes it back: all in one
   * transaction that nobody else sees the middle of. `change` must not be asynchronous, and may be called again.
   * @returns what `change` returned
   */
  transact<Result>(key: string, change: (state: ModelState) => Result): Promise<Result>;
  /** All pages by their keys, to look at. */
  readAll(): Promise<Map<string, ModelState>>;
  /** Forgets a page. */
  remove(key: string): Promise<void>;
}
