import type { CallContext } from './driver.js';

/** Limits how many requests or sessions of a model are open at once, over all processes that share the quota. */
export interface ConcurrencyLimiter {
  /**
   * Waits for a free slot and takes it. Reports the wait through the context.
   * @throws the signal's reason when the signal aborts
   */
  acquire(model: string, context: CallContext): Promise<Lease>;
}

/** A slot that was acquired. If its process dies, the slot becomes free within seconds. */
export interface Lease {
  release(): Promise<void>;
}
