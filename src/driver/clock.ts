import { setTimeout as delay } from 'node:timers/promises';

/** The time, as a dependency that tests can replace. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Resolves after `durationMs`. Rejects with the signal's reason as soon as the signal aborts. */
  sleep(durationMs: number, signal?: AbortSignal): Promise<void>;
}

/** The clock of the system. */
export const systemClock: Clock = {
  now: () => Date.now(),
  async sleep(durationMs, signal) {
    try {
      await delay(durationMs, undefined, signal && { signal });
    } catch (thrown) {
      // node:timers rejects with its own AbortError; callers expect the signal's reason.
      throw signal?.aborted ? signal.reason : thrown;
    }
  },
};
