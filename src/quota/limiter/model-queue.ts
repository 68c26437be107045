import type Bottleneck from 'bottleneck';
import type { Limits } from '../limits.js';

/** Limits the concurrent calls of each model within this process, first come, first served. */
export interface ModelQueue {
  /** Resolves when it is the caller's turn. Rejects with the signal's reason on abort. */
  acquire(model: string, signal?: AbortSignal): Promise<{ release(): void }>;
}

/**
 * Creates one Bottleneck queue per model. Bottleneck is loaded for the first model that has a concurrency limit.
 * Models without a concurrency limit never wait.
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
        // An aborted caller stays in the queue until its turn comes, and then lets the next caller run at once.
        if (signal?.aborted) release();
        else resolve({ release });
      });
    bottleneck.schedule(job).catch(reject);
  });
}
