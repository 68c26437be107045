import type { Clock } from '../../driver/clock.js';
import type { ConcurrencyLimiter } from '../../driver/concurrency-limiter.js';
import type { Connection } from '../connection.js';

/** All that a Live call needs beside its request: the options, with their defaults. */
export interface ResolvedLiveOptions {
  connection: Connection;
  timeoutMs: number;
  idleTimeoutMs: number;
  setupTimeoutMs: number;
  idleSessionMs: number;
  clock: Clock;
  concurrencyLimiter: ConcurrencyLimiter | undefined;
}
