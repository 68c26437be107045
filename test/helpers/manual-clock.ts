import type { Clock } from '../../src/driver/clock.js';

/** A clock that moves only when `advance` or `sleep` is called. A sleep is recorded and ends immediately. */
export interface ManualClock extends Clock {
  /** The sleeps so far, in milliseconds. */
  sleepsMs: number[];
  /** Moves the time forward, or back if the duration is negative. */
  advance(durationMs: number): void;
}

export function createManualClock(startMs = Date.UTC(2026, 10, 22, 12)): ManualClock {
  let nowMs = startMs;
  const sleepsMs: number[] = [];
  return {
    sleepsMs,
    advance(durationMs) {
      nowMs += durationMs;
    },
    now: () => nowMs,
    async sleep(durationMs, signal) {
      signal?.throwIfAborted();
      sleepsMs.push(durationMs);
      nowMs += durationMs;
    },
  };
}
