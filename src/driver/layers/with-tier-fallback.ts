import { BoticelliError, QuotaExceeded } from '../../errors.js';
import type { BoticelliDriver } from '../driver.js';
import type { GenerateRequest } from '../request.js';
import { withRetryLoop } from './retry-loop.js';

/**
 * Sends the request in its next service tier if the service has no capacity in the current one, even after retries.
 * This layer is needed because the service itself never moves a `flex` request to a more expensive tier. Emits a
 * `fallback` event for each change of tier. Does not change the tier once a stream has yielded text.
 */
export function withTierFallback(inner: BoticelliDriver): BoticelliDriver {
  return withRetryLoop((request, { emit, signal }) => {
    let current = request;
    return (thrown, hasYieldedText) => {
      const [from, ...nextTiers] = current.serviceTiers ?? [];
      const [to] = nextTiers;
      if (from === undefined || hasYieldedText || !meansNoCapacity(thrown)) throw thrown;
      if (to === undefined) throw from === 'flex' ? explainRefusedFlex(thrown) : thrown;
      signal?.throwIfAborted();
      const { model } = current;
      emit?.({
        ...{ type: 'fallback', from: `${model} (${from})`, to: `${model} (${to})` },
        ...{ reason: thrown.message, serviceTier: to },
      });
      current = { ...current, serviceTiers: nextTiers } satisfies GenerateRequest;
      return current;
    };
  }, inner);
}

/**
 * Whether the service had no capacity: a 503, or a 429 that names no limit. A limit that a 429 names is a limit of the
 * project for all tiers, so another tier would not help.
 */
function meansNoCapacity(thrown: unknown): thrown is BoticelliError {
  if (thrown instanceof QuotaExceeded)
    return thrown.isTransient && !thrown.isProjectWide && thrown.violations.length === 0;
  return thrown instanceof BoticelliError && thrown.isOverload;
}

/** Replaces the hint of an `unavailable` error of a flex request with one that says how to name another tier. */
function explainRefusedFlex(thrown: BoticelliError): BoticelliError {
  if (thrown.code !== 'unavailable') return thrown;
  const { code, message, isTransient, isOverload, retryAfterMs, retryAt, cause } = thrown;
  return new BoticelliError(code, message, {
    hint: 'The flex tier has no capacity now. Try again later, or set service_tier = ["flex", "standard"].',
    ...{ isTransient, isOverload, retryAfterMs, retryAt, cause },
  });
}
