import type { Clock } from '../../driver/clock.js';

/** The time limits of a request, and the clock. The drivers take them as optional, with the defaults below. */
export interface CallOptions {
  /** Limit of one whole attempt, in milliseconds. Default 300 000 (5 minutes), and 900 000 for flex requests. */
  timeoutMs: number;
  /** Limit between two packets of a stream, from the first packet on, in milliseconds. Default 60 000. */
  idleTimeoutMs: number;
  clock: Clock;
}
