import { setTimeout as delay } from 'node:timers/promises';

/** Time, injected so that tests can own it. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Resolves after `durationMs`; rejects with the signal's reason, at once, when that aborts. */
  sleep(durationMs: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  async sleep(durationMs, signal) {
    try {
      await delay(durationMs, undefined, signal && { signal });
    } catch (thrown) {
      // node:timers rejects with an AbortError of its own; the reason is what callers understand.
      throw signal?.aborted ? signal.reason : thrown;
    }
  },
};
