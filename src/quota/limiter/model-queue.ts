import type Bottleneck from 'bottleneck';
import type { Limits } from '../limits.js';

/** Lets the calls of one model through in order, only so many at once, within this process. */
export interface ModelQueue {
  /** Resolves when it is the caller's turn; rejects with the signal's reason. */
  acquire(model: string, signal?: AbortSignal): Promise<{ release(): void }>;
}

/**
 * A queue a model, by Bottleneck's Group. It is loaded and made at the first model that has a limit of concurrency:
 * without one everybody's turn comes at once.
 */
export function createModelQueue({ limitsFor }: { limitsFor: (model: string) => Limits }): ModelQueue {
  let group: Promise<Bottleneck.Group> | undefined;
  return {
    async acquire(model, signal) {
      const { maxConcurrent } = limitsFor(model);
      if (!maxConcurrent) return { release() {} };
      group ??= import('bottleneck').then(({ default: Bottleneck }) => new Bottleneck.Group());
      const bottleneck = (await group).key(model);
      bottleneck.updateSettings({ maxConcurrent: maxConcurrent.value });
      return waitForTurn(bottleneck, signal);
    },
  };
}

function waitForTurn(bottleneck: Bottleneck, signal: AbortSignal | undefined): Promise<{ release(): void }> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal?.reason);
    if (signal?.aborted) return onAbort();
    signal?.addEventListener('abort', onAbort, { once: true });
    const job = () =>
      new Promise<void>((release) => {
        signal?.removeEventListener('abort', onAbort);
        // A turn that was given up in the queue still comes, and is passed on at once.
        if (signal?.aborted) release();
        else resolve({ release });
      });
    bottleneck.schedule(job).catch(reject);
  });
}
