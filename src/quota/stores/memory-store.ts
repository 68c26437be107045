import { createModelState, isInitialState, type ModelState } from '../limiter/model-state.js';
import type { QuotaStore } from './quota-store.js';

/**
 * Creates a store in the memory of this process.
 * @param initialStates states to start from, such as those of a database that can no longer be written
 */
export function createMemoryQuotaStore(initialStates: Map<string, ModelState> = new Map()): QuotaStore {
  const modelStates = new Map(initialStates);
  return {
    async transact(key, change) {
      const state = modelStates.get(key) ?? createModelState();
      const result = change(state);
      if (modelStates.has(key) || !isInitialState(state)) modelStates.set(key, state);
      return result;
    },
    read: async (key) => structuredClone(modelStates.get(key)),
    readAll: async () => structuredClone(modelStates),
    remove: async (key) => void modelStates.delete(key),
  };
}
