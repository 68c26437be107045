import type { Clock } from '../../driver/clock.js';

/** The clock of a server that many share, as well as it is known from what the server says, and our own beside it. */
export interface ServerClock extends Clock {
  /** Takes note of a time that the server said, in answer to what was sent and heard at these times of our own clock. */
  heard(serverTime: number, sentAt: number, heardAt: number): void;
  /** The time of our own clock at a moment of the server's. */
  toOwn(at: number): number;
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
  let least = Number.NEGATIVE_INFINITY;
  let most = Number.POSITIVE_INFINITY;
  const aheadMs = () => (Number.isFinite(least) ? Math.round((least + most) / 2) : 0);
  return {
    heard(serverTime, sentAt, heardAt) {
      // Both clocks are read in whole milliseconds, rounded down.
      const bounds = [serverTime - heardAt - 1, serverTime - sentAt + 1] as const;
      const contradict = bounds[0] > most || bounds[1] < least;
      least = contradict ? bounds[0] : Math.max(least, bounds[0]);
      most = contradict ? bounds[1] : Math.min(most, bounds[1]);
    },
    toOwn: (at) => at - aheadMs(),
    toServer: (at) => at + aheadMs(),
    now: () => clock.now() + aheadMs(),
    sleep: (durationMs, signal) => clock.sleep(durationMs, signal),
  };
}
