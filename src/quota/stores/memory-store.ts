import { emptyPage, type Page } from '../limiter/model-state.js';
import type { Keeper } from './quota-store.js';

/**
 * Keeps pages for this process alone.
 * @param known what is known already, for a book that can be read but not written
 */
export function createMemoryKeeper(known: Map<string, Page> = new Map()): Keeper {
  const pages = new Map(known);
  return {
    async transact(key, change) {
      const page = pages.get(key) ?? emptyPage();
      pages.set(key, page);
      return change(page);
    },
    pages: async () => structuredClone(pages),
    forget: async (key) => void pages.delete(key),
  };
}
