import { BoticelliError, toErrorReport } from '../../errors.js';
import type { Clock } from '../clock.js';
import type { BoticelliDriver, CallContext } from '../driver.js';
import { withRetryLoop } from './retry-loop.js';

/** How often, and after which pauses, a failed attempt is followed by another. */
export interface RetryPolicy {
  /** Further attempts after the first. Default 4. */
  retries?: number;
  /** The pause after the first failure where the service names none; doubled with each failure. Default 500. */
  baseDelayMs?: number;
  /** The longest pause of our own choosing. Default 30 s. */
  maxDelayMs?: number;
  /** The longest pause that the service may ask for; beyond it the failure stands. Default 5 minutes. */
  maxRetryAfterMs?: number;
  /** A number in [0, 1): spreads the pauses of processes that failed together. Default Math.random. */
  random?: () => number;
  clock: Clock;
}

/**
 * Tries again after a passing failure. What is no passing failure goes straight up, and so does one that comes after
 * text was yielded that can't be taken back (`CallContext.mayDiscard`). Every further attempt is told as a `retry`
 * event, its pause as a `wait`.
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

/** Resolves when the next attempt may start; rejects with the failure where there is to be none. */
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

/** What the service asked for and a little more, else exponential backoff of which the upper half is chance. */
function calculateDelayMs({ retryAfterMs }: BoticelliError, attempt: number, policy: RetryPolicy): number {
  const { baseDelayMs = 500, maxDelayMs = 30_000, random = Math.random } = policy;
  if (retryAfterMs !== undefined) return retryAfterMs + random() * Math.min(250, retryAfterMs / 10);
  const ceilingMs = Math.min(maxDelayMs, baseDelayMs * 2 ** (attempt - 1));
  return ceilingMs * (0.5 + random() / 2);
}
