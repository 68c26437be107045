import type { CallContext } from './driver.js';

/**
 * Where a model allows only so many requests or sessions at once: a place is taken before one begins and given back
 * after it, over all processes that share the quota.
 */
export interface ConcurrencyLimiter {
  /** Resolves when there is a place. Tells a wait through the context; rejects with the signal's reason. */
  acquire(model: string, context: CallContext): Promise<Lease>;
}

/** A place that was taken. A process that dies gives it back too, within seconds. */
export interface Lease {
  release(): Promise<void>;
}
