import { orAborted } from '../rest/request-timeouts.js';

/** Does a piece of work once for each key, for all who ask. Work that failed is forgotten, so that it can be tried again. */
export type OnceEach<Result> = (
  key: string,
  signal: AbortSignal | undefined,
  work: () => Promise<Result>,
) => Promise<Result>;

/** Makes such a memory. */
export function onceEach<Result>(): OnceEach<Result> {
  const underWay = new Map<string, Promise<Result>>();

  return async function once(key, signal, work): Promise<Result> {
    const other = underWay.get(key);
    if (other) {
      try {
        return await orAborted(other, signal);
      } catch {
        signal?.throwIfAborted();
        // It may have been the other one's to give up: whoever waited tries for itself.
        return once(key, signal, work);
      }
    }
    const own = work();
    underWay.set(key, own);
    own.catch(() => underWay.delete(key));
    return own;
  };
}
