import { createLimitsLookup, type LimitsLookup } from '../config/tiers.js';
import { type Clock, systemClock } from '../driver/clock.js';
import { defaultTier } from '../facts/limits.js';
import { createConcurrencyLimiter } from '../quota/limiter/concurrency-limiter.js';
import { createModelQueue } from '../quota/limiter/model-queue.js';
import { createRateLimiter } from '../quota/limiter/rate-limiter.js';
import type { QuotaBudget } from '../quota/limits.js';
import { createMemoryQuotaStore } from '../quota/stores/memory-store.js';
import type { QuotaStore } from '../quota/stores/quota-store.js';
import type { QuotaOptions } from '../quota/with-quota.js';

/** The options of `createQuota`. All are optional. */
export interface CreateQuotaOptions {
  /** The tier whose built-in limits apply. Default `free`. */
  tier?: string;
  /**
   * Returns the limits of a model. They replace the built-in ones. The second argument is the requested alias, if any.
   */
  limitsFor?: LimitsLookup;
  /** Where requests are counted. Default: the memory of this process. */
  store?: QuotaStore;
  /** The name of the project. All API keys of a project share its limits. Default `default`. */
  project?: string;
  /** The share of each limit to use; not an amount of money. Default: all of it. */
  budget?: QuotaBudget;
  /** The length of the window of per-minute limits, in milliseconds. Default 60 000. */
  windowMs?: number;
  /**
   * The longest wait for quota. A request that would wait longer fails with `rate_limited`. Default: any wait is
   * accepted.
   */
  maxWaitMs?: number;
  clock?: Clock;
}

/**
 * Creates the limiters and the queue that `withQuota` and `createDriverStack` take. Stacks that are given the same
 * object share its limits.
 */
export function createQuota(options: CreateQuotaOptions = {}): QuotaOptions {
  const {
    tier = defaultTier,
    clock = systemClock,
    maxWaitMs,
    budget: limitMultipliers = {},
    ...otherOptions
  } = options;
  const limitsFor = otherOptions.limitsFor ?? createLimitsLookup(tier, undefined, {});
  const common = { clock, limitsFor, ...(maxWaitMs !== undefined && { maxWaitMs }) };
  const limiterOptions = {
    store: createMemoryQuotaStore(),
    project: 'default',
    limitMultipliers,
    ...otherOptions,
    ...common,
  };
  return {
    ...common,
    limiter: createRateLimiter(limiterOptions),
    concurrencyLimiter: createConcurrencyLimiter(limiterOptions),
    queue: createModelQueue({ limitsFor }),
  };
}
