import type { Clock } from '../../driver/clock.js';

/** An estimate of a server's clock, with conversions to and from the local clock. */
export interface ServerClock extends Clock {
  /** Records a time that the server returned, with the local times of the request and of its response. */
  observe(serverTime: number, sentAt: number, receivedAt: number): void;
  /** Converts a server time to local time. */
  toLocal(at: number): number;
  /** Converts a local time to server time. */
  toServer(at: number): number;
}

/**
 * Estimates how far a server's clock is ahead. The server read it between the request and the response, so each response
 * bounds the offset, and the intersection of all bounds is used. Contradicting bounds mean that a clock was set; the
 * latest ones then apply. An error of some milliseconds costs one more request or the same wait, because the server
 * decides by its own clock what may be sent.
 */
export function createServerClock(clock: Clock): ServerClock {
  let minAheadMs = Number.NEGATIVE_INFINITY;
  let maxAheadMs = Number.POSITIVE_INFINITY;
  const estimateAheadMs = () => (Number.isFinite(minAheadMs) ? Math.round((minAheadMs + maxAheadMs) / 2) : 0);
  return {
    observe(serverTime, sentAt, receivedAt) {
      // Both clocks round down to milliseconds.
      const bounds = [serverTime - receivedAt - 1, serverTime - sentAt + 1] as const;
      const isContradiction = bounds[0] > maxAheadMs || bounds[1] < minAheadMs;
      minAheadMs = isContradiction ? bounds[0] : Math.max(minAheadMs, bounds[0]);
      maxAheadMs = isContradiction ? bounds[1] : Math.min(maxAheadMs, bounds[1]);
    },
    toLocal: (at) => at - estimateAheadMs(),
    toServer: (at) => at + estimateAheadMs(),
    now: () => clock.now() + estimateAheadMs(),
    sleep: (durationMs, signal) => clock.sleep(durationMs, signal),
  };
}
