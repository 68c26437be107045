import { BoticelliError, QuotaExceeded } from '../../errors.js';
import type { BoticelliDriver } from '../driver.js';
import type { GenerateRequest } from '../request.js';
import { withRetryLoop } from './retry-loop.js';

/**
 * Sends the request in its next service tier when the service has no capacity for it in a tier, retries included. Emits
 * a `fallback` event for each change of tier. The service does not change from `flex` to a more expensive tier by
 * itself. Does not change the tier once a stream has yielded text.
 */
export function withTierFallback(inner: BoticelliDriver): BoticelliDriver {
  return withRetryLoop((request, { emit, signal }) => {
    let current = request;
    return (thrown, hasYieldedText) => {
      const [from, ...rest] = current.serviceTiers ?? [];
      const [to] = rest;
      if (from === undefined || hasYieldedText || !isOverload(thrown)) throw thrown;
      if (to === undefined) throw from === 'flex' ? explainRefusedFlex(thrown) : thrown;
      signal?.throwIfAborted();
      const { model } = current;
      emit?.({
        ...{ type: 'fallback', from: `${model} (${from})`, to: `${model} (${to})` },
        ...{ reason: thrown.message, serviceTier: to },
      });
      current = { ...current, serviceTiers: rest } satisfies GenerateRequest;
      return current;
    };
  }, inner);
}

/**
 * Whether the service had no capacity: a 503, or a 429 that names no limit. A limit that the details of a 429 name is
 * one of the project, and the other tiers share it.
 */
function isOverload(thrown: unknown): thrown is BoticelliError {
  if (thrown instanceof QuotaExceeded)
    return thrown.isTransient && !thrown.isProjectWide && thrown.violations.length === 0;
  return thrown instanceof BoticelliError && thrown.isOverload;
}

/** Adds to the hint of a refused flex request how to name another tier. */
function explainRefusedFlex(thrown: BoticelliError): BoticelliError {
  if (thrown.code !== 'unavailable') return thrown;
  const { code, message, isTransient, isOverload, retryAfterMs, retryAt, cause } = thrown;
  return new BoticelliError(code, message, {
    hint: 'The flex tier has no capacity now. Try again later, or set service_tier = ["flex", "standard"].',
    ...{ isTransient, isOverload, retryAfterMs, retryAt, cause },
  });
}
