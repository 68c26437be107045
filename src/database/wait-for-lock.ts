import { setTimeout as delay, setImmediate } from 'node:timers/promises';
import { BoticelliError } from '../errors.js';
import { isBusy } from './sqlite-error.js';

/** How to wait for a lock. */
export interface LockWaitOptions {
  /** How long to retry while another process holds the lock. Default 10 s. */
  maxWaitMs?: number;
  /** Called once, when the wait has lasted for a second. */
  onLocked?: () => void;
  /**
   * Bounds of the pause between two attempts. Default 1 and 7. The pause is random, so that waiting processes do not
   * retry at the same time.
   */
  pauseMs?: readonly [minMs: number, maxMs: number];
}

/** A wait longer than this is reported to the user. */
const noticeAfterMs = 1000;

/**
 * Runs work that needs the database's lock, and retries while another process holds it. If the lock is free, the work
 * runs synchronously, before this function returns. SQLite's own wait blocks Ctrl-C, so it is short (see open.ts), and
 * this function waits for the rest of the time. It measures real time and not the injected clock, which the other
 * process does not follow.
 *
 * @throws SQLite's error once `maxWaitMs` have passed, and any other error of the work at once
 */
export async function retryWhileLocked<Result>(work: () => Result, options: LockWaitOptions = {}): Promise<Result> {
  const { maxWaitMs = 10_000, onLocked, pauseMs: [minPauseMs, maxPauseMs] = [1, 7] } = options;
  // `performance` is used only after a failed attempt, because loading it takes 0.7 ms.
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
    await delay(minPauseMs + Math.random() * (maxPauseMs - minPauseMs));
    // Lets Node handle signals. If several tasks wait for the lock, each blocks for a moment, and Node would run one
    // timer after the other without handling signals: Ctrl-C took effect only after 9 s (2026-11).
    await setImmediate();
  }
}

/**
 * Runs work that the quota needs: opening the database, or using its quota table. Retries for up to 90 s by default. A
 * request must not be sent before that table is read, because it may show that the quota is used up.
 *
 * @throws BoticelliError `output_failed` if the database stays locked
 */
export async function retryQuotaWorkWhileLocked<Result>(
  work: () => Result,
  options: LockWaitOptions = {},
): Promise<Result> {
  try {
    return await retryWhileLocked(work, { maxWaitMs: 90_000, ...options });
  } catch (thrown) {
    if (!isBusy(thrown)) throw thrown;
    throw new BoticelliError('output_failed', 'another process has locked the state database', {
      hint: 'Find the process that holds boticelli.db open. If you know that quota is left, --no-rate-limit sends requests without reading the quota in that file.',
      cause: thrown,
    });
  }
}
