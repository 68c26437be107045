import { BoticelliError, toErrorReport } from '../../errors.js';
import type { Clock } from '../clock.js';
import type { BoticelliDriver, CallContext } from '../driver.js';
import { withRetryLoop } from './retry-loop.js';

/** How many retries there are, and the pauses before them. */
export interface RetryPolicy {
  /** Attempts after the first one. Default 4. */
  retries?: number;
  /** The pause after the first failure; it doubles with each failure. Default 500. */
  baseDelayMs?: number;
  /** The longest of these pauses. Default 30 s. */
  maxDelayMs?: number;
  /** The longest pause that the service may ask for; for a longer one there is no retry. Default 5 minutes. */
  maxRetryAfterMs?: number;
  /** Random numbers in [0, 1) for the jitter. Default Math.random. */
  random?: () => number;
  clock: Clock;
}

/**
 * Retries after a temporary failure. Emits a `retry` event for each failed attempt and a `wait` event for each pause. Other
 * failures are rethrown, and so is one after the first text of a stream unless `CallContext.canDiscard` allows a retry.
 */
export function withRetries(policy: RetryPolicy, inner: BoticelliDriver): BoticelliDriver {
  return withRetryLoop((request, context) => {
    let attempt = 0;
    return async (thrown, hasYieldedText) => {
      if (hasYieldedText && !context.canDiscard?.()) throw thrown;
      attempt += 1;
      await waitBeforeRetry(thrown, { attempt, model: request.model, discard: hasYieldedText, policy, context });
      return request;
    };
  }, inner);
}

interface FailedAttempt {
  attempt: number;
  model: string;
  discard: boolean;
  policy: RetryPolicy;
  context: CallContext;
}

/** Resolves when the next attempt may start. Throws the failure if there is no further attempt. */
async function waitBeforeRetry(
  thrown: unknown,
  { attempt, model, discard, policy, context }: FailedAttempt,
): Promise<void> {
  const { retries = 4, maxRetryAfterMs = 300_000, clock } = policy;
  if (!(thrown instanceof BoticelliError) || !thrown.isTransient || attempt > retries) throw thrown;
  if ((thrown.retryAfterMs ?? 0) > maxRetryAfterMs) throw thrown;
  context.signal?.throwIfAborted();

  const delayMs = Math.round(calculateDelayMs(thrown, attempt, policy));
  context.emit?.({ type: 'retry', attempt, delayMs, error: toErrorReport(thrown), discard });
  if (delayMs === 0) return;
  const until = new Date(clock.now() + delayMs).toISOString();
  context.emit?.({ type: 'wait', model, reason: 'backoff', waitMs: delayMs, until });
  await clock.sleep(delayMs, context.signal);
}

/** The service's own delay plus a little jitter, or exponential backoff of which the upper half is random. */
function calculateDelayMs({ retryAfterMs }: BoticelliError, attempt: number, policy: RetryPolicy): number {
  const { baseDelayMs = 500, maxDelayMs = 30_000, random = Math.random } = policy;
  if (retryAfterMs !== undefined) return retryAfterMs + random() * Math.min(250, retryAfterMs / 10);
  const ceilingMs = Math.min(maxDelayMs, baseDelayMs * 2 ** (attempt - 1));
  return ceilingMs * (0.5 + random() / 2);
}
