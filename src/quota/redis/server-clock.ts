import type { Clock } from '../../driver/clock.js';

/** The clock of a server that many share, as well as it is known from what the server says, and our own beside it. */
export interface ServerClock extends Clock {
  /** Takes note of a time that the server said, in answer to what was sent and heard at these times of our own clock. */
  observe(serverTime: number, sentAt: number, receivedAt: number): void;
  /** The time of our own clock at a moment of the server's. */
  toLocal(at: number): number;
  /** The time of the server's clock at a moment of our own. */
  toServer(at: number): number;
}

/**
 * Follows a server's clock by its answers. Each bounds how far ahead it is: it spoke after the question was sent and
 * before the answer was heard. The bounds of many answers are narrower than those of any. Where they contradict each
 * other a clock was set, and the last answer is right. Nothing is sent by this clock alone: what may leave, the server
 * decides; so where it is wrong by some milliseconds that costs a question more, or as many milliseconds.
 */
export function createServerClock(clock: Clock): ServerClock {
  let minAheadMs = Number.NEGATIVE_INFINITY;
  let maxAheadMs = Number.POSITIVE_INFINITY;
  const estimateAheadMs = () => (Number.isFinite(minAheadMs) ? Math.round((minAheadMs + maxAheadMs) / 2) : 0);
  return {
    observe(serverTime, sentAt, receivedAt) {
      // Both clocks are read in whole milliseconds, rounded down.
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
