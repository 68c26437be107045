import { abortable } from '../rest/request-timeouts.js';

/** Does a piece of work once for each key, for all who ask. Work that failed is forgotten, so that it can be tried again. */
export type AsyncMemo<Result> = (
  key: string,
  signal: AbortSignal | undefined,
  work: () => Promise<Result>,
) => Promise<Result>;

/** Makes such a memory. */
export function createAsyncMemo<Result>(): AsyncMemo<Result> {
  const promises = new Map<string, Promise<Result>>();

  return async function run(key, signal, work): Promise<Result> {
    const existing = promises.get(key);
    if (existing) {
      try {
        return await abortable(existing, signal);
      } catch {
        signal?.throwIfAborted();
        // It may have been the other one's to give up: whoever waited tries for itself.
        return run(key, signal, work);
      }
    }
    const promise = work();
    promises.set(key, promise);
    promise.catch(() => promises.delete(key));
    return promise;
  };
}
