import { BoticelliError } from '../../errors.js';
import type { BoticelliDriver, CallContext } from '../driver.js';
import type { GenerateRequest } from '../request.js';
import { type FailureHandler, withRetryLoop } from './retry-loop.js';

export interface FallbackOptions {
  /** The fallback models in order, given those that the act names. */
  getFallbackModels: (actModels: readonly string[] | undefined) => readonly string[];
  /** Why a model can't take a request, as a sentence without a period; undefined if it can. */
  getUnsupportedReason: (model: string, request: GenerateRequest) => string | undefined;
}

/**
 * Sends the request to the next fallback model when a model's quota is used up or the wait for it is too long. Emits a
 * `fallback` event for each. After the first text of a stream it does not fall back.
 *
 * @throws the first model's error if no model has quota left, with the messages of all and the earliest `retryAt`
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
      skipped.push(`skipped ${model}: ${unsupportedReason}`);
    }
    throw failures.length + skipped.length === 1
      ? thrown
      : createExhaustedError(failures[0] ?? thrown, failures, skipped);
  };
}

/** Whether a daily quota is used up, or a wait exceeds --max-wait. Shorter waits happen in the layers below this one. */
function isQuotaError(thrown: unknown): thrown is BoticelliError {
  return thrown instanceof BoticelliError && (thrown.code === 'quota_exhausted' || thrown.code === 'rate_limited');
}

/** With several failures, the hint of a single one could be wrong: "Nothing was sent", for example. */
function createExhaustedError(first: BoticelliError, failures: BoticelliError[], skipped: string[]): BoticelliError {
  const retryTimesMs = failures.flatMap(({ retryAt }) => (retryAt === undefined ? [] : [retryAt.getTime()]));
  const hint = failures.length === 1 ? first.hint : 'Use another model with --model or --fallback.';
  return new BoticelliError(first.code, [...failures.map(({ message }) => message), ...skipped].join('; '), {
    cause: first,
    ...(hint !== undefined && { hint }),
    ...(retryTimesMs.length > 0 && { retryAt: new Date(Math.min(...retryTimesMs)) }),
  });
}
