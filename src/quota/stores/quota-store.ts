import type { Page } from '../limiter/model-state.js';

/** Keeps pages, for one process or for all that share it. */
export interface Keeper {
  /**
   * Reads the page of a key (an empty one where there is none), lets `change` work on it, and writes it back: all in one
   * transaction that nobody else sees the middle of. `change` must not be asynchronous, and may be called again.
   * @returns what `change` returned
   */
  transact<Result>(key: string, change: (page: Page) => Result): Promise<Result>;
  /** All pages by their keys, to look at. */
  pages(): Promise<Map<string, Page>>;
  /** Forgets a page. */
  forget(key: string): Promise<void>;
}
