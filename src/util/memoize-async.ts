import { abortable } from './abortable.js';

/**
 * Creates a function that does the work once per key and shares the result with all callers. A failure is not kept, so
 * the next call does the work again.
 */
export function createAsyncMemo<Result>() {
  const promises = new Map<string, Promise<Result>>();
  return async function run(
    key: string,
    signal: AbortSignal | undefined,
    work: () => Promise<Result>,
  ): Promise<Result> {
    const existing = promises.get(key);
    if (existing) {
      try {
        return await abortable(existing, signal);
      } catch {
        signal?.throwIfAborted();
        // The first caller may have failed only because its own signal aborted, so this caller does the work itself.
        return run(key, signal, work);
      }
    }
    const promise = work();
    promises.set(key, promise);
    promise.catch(() => promises.delete(key));
    return promise;
  };
}
