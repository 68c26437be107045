import { createModelState, type ModelState } from '../limiter/model-state.js';
import type { QuotaStore } from './quota-store.js';

/**
 * Keeps pages for this process alone.
 * @param initialStates what is known already, for a book that can be read but not written
 */
export function createMemoryQuotaStore(initialStates: Map<string, ModelState> = new Map()): QuotaStore {
  const modelStates = new Map(initialStates);
  return {
    async transact(key, change) {
      const state = modelStates.get(key) ?? createModelState();
      modelStates.set(key, state);
      return change(state);
    },
    readAll: async () => structuredClone(modelStates),
    remove: async (key) => void modelStates.delete(key),
  };
}
