import type { BoticelliDriver, CallContext } from '../../driver/driver.js';
import type { GenerateRequest } from '../../driver/request.js';

/** Counts the prompt tokens of a request. Resolves to undefined if the service can't count them. */
export type TokenCounter = (request: GenerateRequest, context: CallContext) => Promise<number | undefined>;

/**
 * Creates a counter that asks the driver and remembers the count of each request. Rejects with the signal's reason on
 * abort.
 */
export function createTokenCounter(driver: BoticelliDriver): TokenCounter {
  const counts = new WeakMap<GenerateRequest, number>();
  return async (request, { signal, emit }) => {
    const known = counts.get(request);
    if (known !== undefined) return known;
    const context = { ...(signal && { signal }), ...(emit && { emit }) };
    // If counting fails, it is unknown whether the prompt is too large. The caller then sends the request.
    const count = await driver.countTokens?.(request, context).catch(() => undefined);
    signal?.throwIfAborted();
    if (count !== undefined) counts.set(request, count);
    return count;
  };
}
