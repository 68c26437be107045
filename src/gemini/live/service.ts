import type { Clock } from '../../driver/clock.js';
import type { Gate } from '../../driver/concurrency-limiter.js';
import type { Connection } from '../connection.js';

/** All that a Live call needs beside its request: the options, with their defaults. */
export interface LiveService {
  connection: Connection;
  timeoutMs: number;
  idleTimeoutMs: number;
  setupTimeoutMs: number;
  idleSessionMs: number;
  clock: Clock;
  gate: Gate | undefined;
}
