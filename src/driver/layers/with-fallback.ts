import { BoticelliError } from '../../errors.js';
import type { BoticelliDriver, CallContext } from '../driver.js';
import type { GenerateRequest } from '../request.js';
import { type FailureHandler, withRetryLoop } from './retry-loop.js';

/** The options of `withFallback`. */
export interface FallbackOptions {
  /**
   * Returns the fallback models in the order in which to try them. `actFallback` is the value of `fallback` in the act
   * or its narrative.
   */
  getFallbackModels: (actFallback: readonly string[] | undefined) => readonly string[];
  /** Returns why a model can't take a request, as a sentence without a period, or undefined if it can. */
  getUnsupportedReason: (model: string, request: GenerateRequest) => string | undefined;
}

/**
 * Sends the request to the next fallback model when the quota of the current model is used up, when the wait for its
 * quota is too long, or when the prompt exceeds a limit of that model. Emits a `fallback` event for each change of
 * model. Does not fall back once a stream has yielded text, after the first hop of a long reply, or after a failure
 * that all models of the project share, such as depleted credits.
 *
 * @throws BoticelliError with the code of the first model's error if no model can take the request. It has the messages
 *   of all models and the earliest `retryAt`. Other errors are rethrown.
 */
export function withFallback(options: FallbackOptions, inner: BoticelliDriver): BoticelliDriver {
  return withRetryLoop((request, context) => createFallbackHandler(request, context, options), inner);
}

function createFallbackHandler(
  request: GenerateRequest,
  context: CallContext,
  { getFallbackModels, getUnsupportedReason }: FallbackOptions,
): FailureHandler {
  const remaining = getFallbackModels(context.fallback).filter((model) => model !== request.model);
  let from = request.model;
  const failures: BoticelliError[] = [];

  return (thrown, hasYieldedText) => {
    // Only the model that began a reply can continue it.
    if (hasYieldedText || request.finishedHops || !isQuotaError(thrown) || thrown.isProjectWide) throw thrown;
    failures.push(thrown);
    const skipped: string[] = [];
    for (let model = remaining.shift(); model !== undefined; model = remaining.shift()) {
      const unsupportedReason = getUnsupportedReason(model, request);
      if (unsupportedReason === undefined) {
        context.emit?.({ type: 'fallback', from, to: model, reason: [thrown.message, ...skipped].join('; ') });
        from = model;
        return { ...request, model };
      }
      skipped.push(`skipped ${model}: ${unsupportedReason}`);
    }
    throw failures.length + skipped.length === 1
      ? thrown
      : createExhaustedError(failures[0] ?? thrown, failures, skipped);
  };
}

/**
 * Whether a quota is used up, the prompt exceeds a limit, or a wait exceeds --max-wait. The inner layers handle shorter
 * waits themselves.
 */
function isQuotaError(thrown: unknown): thrown is BoticelliError {
  return thrown instanceof BoticelliError && (thrown.code === 'quota_exhausted' || thrown.code === 'rate_limited');
}

/**
 * Combines the failures into one error. If there are several, their own hints are not used, because the hint of one
 * failure, such as "The request was not sent", may not be true of the others.
 */
function createExhaustedError(first: BoticelliError, failures: BoticelliError[], skipped: string[]): BoticelliError {
  const retryTimesMs = failures.flatMap(({ retryAt }) => (retryAt === undefined ? [] : [retryAt.getTime()]));
  const hint = failures.length === 1 ? first.hint : 'Use another model with --model or --fallback.';
  return new BoticelliError(first.code, [...failures.map(({ message }) => message), ...skipped].join('; '), {
    cause: first,
    ...(hint !== undefined && { hint }),
    ...(retryTimesMs.length > 0 && { retryAt: new Date(Math.min(...retryTimesMs)) }),
  });
}
