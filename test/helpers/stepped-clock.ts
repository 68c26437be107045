import type { Clock } from '../../src/driver/clock.js';
import { createCondition } from './condition.js';

/**
 * A clock for tests of what happens during a sleep. Each call of `advance` ends the sleeps whose time is reached, and
 * makes the sleeps whose signal is aborted throw. An abort alone does not end a sleep that has begun.
 */
export interface SteppedClock extends Clock {
  /** The durations of all sleeps so far, in milliseconds. */
  sleepsMs: number[];
  /** Resolves as soon as this many sleeps have begun. */
  waitForSleeps(count: number): Promise<void>;
  /** Moves the time forward. */
  advance(durationMs: number): void;
}

export function createSteppedClock(startMs = Date.UTC(2026, 10, 30, 12)): SteppedClock {
  let nowMs = startMs;
  const sleepsMs: number[] = [];
  const [sleepsChanged, timeChanged] = [createCondition(), createCondition()];
  return {
    sleepsMs,
    waitForSleeps: (count) => sleepsChanged.waitUntil(() => sleepsMs.length >= count),
    advance(durationMs) {
      nowMs += durationMs;
      timeChanged.notify();
    },
    now: () => nowMs,
    async sleep(durationMs, signal) {
      const endMs = nowMs + durationMs;
      sleepsMs.push(durationMs);
      sleepsChanged.notify();
      await timeChanged.waitUntil(() => nowMs >= endMs || signal?.aborted === true);
      signal?.throwIfAborted();
    },
  };
}
