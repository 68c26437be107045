import { BoticelliError, toErrorReport } from '../../errors.js';
import type { Clock } from '../clock.js';
import type { BoticelliDriver } from '../driver.js';
import { measureWait } from '../measure-wait.js';
import { withRetryLoop } from './retry-loop.js';

/** The number of retries, and the pauses before them. */
export interface RetryPolicy {
  /** The maximum number of attempts after the first one. Default 4. */
  retries?: number;
  /**
   * The pause after the first failure is between half of this and all of it, at random. The pause doubles with each
   * further failure. Default 500.
   */
  baseDelayMs?: number;
  /** The longest pause that the doubling leads to. Default 30 s. */
  maxDelayMs?: number;
  /** If the service asks for a longer pause than this, there is no retry. Default 5 minutes. */
  maxRetryAfterMs?: number;
  /** Returns random numbers in [0, 1) for the jitter. Default Math.random. */
  random?: () => number;
  clock: Clock;
}

/**
 * Retries after a temporary failure. Emits a `retry` event before each retry, and a `wait` event before each pause.
 * Rethrows other failures, the failure of the last attempt, and failures for which the service asks for too long a
 * pause. A failure after the first text of a stream is also rethrown, unless `CallContext.canDiscard` allows a retry.
 */
export function withRetries(policy: RetryPolicy, inner: BoticelliDriver): BoticelliDriver {
  const { retries = 4, maxRetryAfterMs = 300_000, clock } = policy;
  return withRetryLoop((request, context) => {
    const { emit, signal, canDiscard } = context;
    let attempt = 0;
    return async (thrown, hasYieldedText) => {
      if (hasYieldedText && !canDiscard?.()) throw thrown;
      attempt += 1;
      if (!(thrown instanceof BoticelliError) || !thrown.isTransient || attempt > retries) throw thrown;
      if ((thrown.retryAfterMs ?? 0) > maxRetryAfterMs) throw thrown;
      signal?.throwIfAborted();

      const delayMs = Math.round(calculateDelayMs(thrown, attempt, policy));
      emit?.({ type: 'retry', attempt, delayMs, error: toErrorReport(thrown), discard: hasYieldedText });
      if (delayMs === 0) return request;
      const until = new Date(clock.now() + delayMs).toISOString();
      const wait = { model: request.model, reason: 'backoff' as const };
      emit?.({ type: 'wait', ...wait, waitMs: delayMs, until });
      await measureWait(context, { ...wait, clock }, () => clock.sleep(delayMs, signal));
      return request;
    };
  }, inner);
}

/** Returns the delay that the service asks for plus a little jitter, or else 50 to 100% of an exponential backoff. */
function calculateDelayMs({ retryAfterMs }: BoticelliError, attempt: number, policy: RetryPolicy): number {
  const { baseDelayMs = 500, maxDelayMs = 30_000, random = Math.random } = policy;
  if (retryAfterMs !== undefined) return retryAfterMs + random() * Math.min(250, retryAfterMs / 10);
  const ceilingMs = Math.min(maxDelayMs, baseDelayMs * 2 ** (attempt - 1));
  return ceilingMs * (0.5 + random() / 2);
}
