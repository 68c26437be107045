import type { Clock } from '../../src/driver/clock.js';

/** A clock that stands still but for its sleeps, which pass at once and are written down. */
export interface ManualClock extends Clock {
  /** The sleeps so far, in milliseconds. */
  sleepsMs: number[];
  /** Lets time pass. */
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
