import { abortable } from './abortable.js';

/**
 * Creates a function that does the work once per key and shares the result with all callers. A failure is shared
 * with the callers that already wait, but not kept: the next call does the work again.
 */
export function createAsyncMemo<Result>() {
  const runs = new Map<string, { promise: Promise<Result>; signal: AbortSignal | undefined }>();
  return async function run(
    key: string,
    signal: AbortSignal | undefined,
    work: () => Promise<Result>,
  ): Promise<Result> {
    const existing = runs.get(key);
    if (existing) {
      try {
        return await abortable(existing.promise, signal);
      } catch (thrown) {
        signal?.throwIfAborted();
        if (!existing.signal?.aborted) throw thrown;
        // The first caller failed only because its own signal aborted, so this caller does the work itself.
        return run(key, signal, work);
      }
    }
    const promise = work();
    runs.set(key, { promise, signal });
    promise.catch(() => runs.delete(key));
    return promise;
  };
}
