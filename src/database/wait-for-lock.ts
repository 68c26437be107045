import { setTimeout as delay, setImmediate } from 'node:timers/promises';
import { BoticelliError } from '../errors.js';
import { isBusy } from './sqlite-error.js';

export interface LockWaitOptions {
  /** How long to try where another program holds the lock. */
  maxWaitMs?: number;
  /** Called once, when waiting for it begins to be noticed. */
  onLocked?: () => void;
  /**
   * How long to wait between two tries, at least and at most: chosen at random each time, lest all who wait come at once. Default 1
   * and 7.
   */
  pauseMs?: readonly [least: number, most: number];
}

/** From when on a person wonders what is going on. */
const noticeAfterMs = 1000;

/**
 * Does the work as soon as the lock can be had: at once if it is free, so that what is written is written before this
 * returns. SQLite's own waiting blocks Ctrl-C, so it is short (see open-database.ts), and the rest is tried again from here.
 * The time is real time, whatever clock the rest goes by: the lock is another program's. Rejects with SQLite's error where
 * it is not to be had within `patienceMs`, by default 10 s.
 */
export async function retryWhileLocked<Result>(work: () => Result, options: LockWaitOptions = {}): Promise<Result> {
  const { maxWaitMs = 10_000, onLocked, pauseMs: [minPauseMs, maxPauseMs] = [1, 7] } = options;
  // The clock is asked only where there is something to wait for: a start takes 0.7 ms less without it.
  let startedAt: number | undefined;
  for (let isReported = false; ; ) {
    try {
      return work();
    } catch (thrown) {
      startedAt ??= performance.now();
      const waitedMs = performance.now() - startedAt;
      if (!isBusy(thrown) || waitedMs > maxWaitMs) throw thrown;
      if (waitedMs > noticeAfterMs && !isReported) onLocked?.();
      isReported ||= waitedMs > noticeAfterMs;
    }
    await pause(minPauseMs + Math.random() * (maxPauseMs - minPauseMs));
  }
}

/**
 * Waits so for what the quota book is in, by default for 90 s. Without it nothing may be sent, for what it forbids can't be
 * known: so it rejects with `output_failed` where the lock is not to be had.
 */
export async function retryWhileQuotaLocked<Result>(
  work: () => Result,
  options: LockWaitOptions = {},
): Promise<Result> {
  try {
    return await retryWhileLocked(work, { maxWaitMs: 90_000, ...options });
  } catch (thrown) {
    throw isBusy(thrown) ? createQuotaLockedError(thrown) : thrown;
  }
}

/**
 * Waits, and lets Node hear of signals after it: where several wait for a lock, each of them blocking a little and due again
 * by then, Node would go from one timer to the next and hear of nothing (Ctrl-C was heard after 9 s, 2026-11).
 */
async function pause(waitMs: number): Promise<void> {
  await delay(waitMs);
  await setImmediate();
}

function createQuotaLockedError(cause: unknown): BoticelliError {
  return new BoticelliError('output_failed', 'another program keeps the quota book locked', {
    hint: 'Find out what holds boticelli.db open, or run with --no-rate-limit if you know that quota is left.',
    cause,
  });
}
