import { BoticelliError } from '../../errors.js';
import type { BoticelliDriver, CallContext } from '../driver.js';
import type { GenerateRequest } from '../request.js';
import { type FailureHandler, withRetryLoop } from './retry-loop.js';

export interface FallbackOptions {
  /** The models to turn to, in their order, given those that the act names. */
  getFallbackModels: (actModels: readonly string[] | undefined) => readonly string[];
  /** Why a model can't take a request (its media, its length), or undefined where it can. */
  getUnsupportedReason: (model: string, request: GenerateRequest) => string | undefined;
}

/**
 * Asks another model when the quota of the one asked for is used up, or would have to be waited for too long; never
 * silently: each turn is told as a `fallback` event. Once text was yielded it is too late. If no model has quota left the
 * error is the first one's, with what the others said and the earliest time at which one of them has quota again.
 */
export function withFallback(options: FallbackOptions, inner: BoticelliDriver): BoticelliDriver {
  return withRetryLoop((request, context) => createFallbackHandler(request, context, options), inner);
}

/** Hands out, for each failure, the request to the next model; throws where there is to be none. */
function createFallbackHandler(
  request: GenerateRequest,
  context: CallContext,
  { getFallbackModels, getUnsupportedReason }: FallbackOptions,
): FailureHandler {
  const remaining = getFallbackModels(context.fallback).filter((model) => model !== request.model);
  let from = request.model;
  const failures: BoticelliError[] = [];

  return (thrown, hasYieldedText) => {
    if (hasYieldedText || !isQuotaError(thrown)) throw thrown;
    failures.push(thrown);
    const skipped: string[] = [];
    for (let model = remaining.shift(); model !== undefined; model = remaining.shift()) {
      const unsupportedReason = getUnsupportedReason(model, request);
      if (unsupportedReason === undefined) {
        context.emit?.({ type: 'fallback', from, to: model, reason: [thrown.message, ...skipped].join('; ') });
        from = model;
        return { ...request, model };
      }
      skipped.push(`${model} is passed over, ${unsupportedReason}`);
    }
    const [first = thrown, ...others] = failures;
    throw others.length + skipped.length === 0 ? thrown : createExhaustedError([first, ...others], skipped);
  };
}

/** The day is used up, or the wait is longer than the caller would have it; short waits never come up to here. */
function isQuotaError(thrown: unknown): thrown is BoticelliError {
  return thrown instanceof BoticelliError && (thrown.code === 'quota_exhausted' || thrown.code === 'rate_limited');
}

/** Whatever a single failure advises, it knows nothing of the others: not that something was sent, say. */
function createExhaustedError(
  failures: readonly [BoticelliError, ...BoticelliError[]],
  skipped: readonly string[],
): BoticelliError {
  const [first] = failures;
  const retryTimesMs = failures.flatMap(({ retryAt }) => (retryAt === undefined ? [] : [retryAt.getTime()]));
  const hint = failures.length === 1 ? first.hint : 'Use yet another model with --model or --fallback.';
  return new BoticelliError(first.code, [...failures.map(({ message }) => message), ...skipped].join('; '), {
    cause: first,
    ...(hint !== undefined && { hint }),
    ...(retryTimesMs.length > 0 && { retryAt: new Date(Math.min(...retryTimesMs)) }),
  });
}
