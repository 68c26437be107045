import type { Clock } from '../../driver/clock.js';
import type { BoticelliDriver } from '../../driver/driver.js';
import type { Limits } from '../limits.js';
import type { ConcurrencyLimiter } from './concurrency-limiter.js';
import type { ModelQueue } from './model-queue.js';
import type { RateLimiter } from './rate-limiter.js';
import type { TokenCounter } from './token-counter.js';

/** The options of `acquirePermit`. */
export interface PermitOptions {
  limiter: RateLimiter;
  concurrencyLimiter: ConcurrencyLimiter;
  queue: ModelQueue;
  /** Returns the configured or built-in limits of a model. `requestedAs` is the alias by which it was requested. */
  limitsFor: (model: string, requestedAs?: string) => Limits;
  /**
   * The longest wait for a per-minute limit or a pause of the project. Default: any wait is accepted. If the daily
   * quota is used up, a request always fails at once.
   */
  maxWaitMs?: number;
  clock: Clock;
  /** The driver that will send the request. */
  driver: BoticelliDriver;
  countTokens: TokenCounter;
}
