import type Bottleneck from 'bottleneck';
import type { Limits } from '../limits.js';

/** Lets the calls of one model through in order, only so many at once, within this process. */
export interface ModelQueue {
  /** Resolves when it is the caller's turn; rejects with the signal's reason. */
  enter(model: string, signal?: AbortSignal): Promise<{ leave(): void }>;
}

/**
 * A queue a model, by Bottleneck's Group. It is loaded and made at the first model that has a limit of concurrency:
 * without one everybody's turn comes at once.
 */
export function createModelQueue({ limitsFor }: { limitsFor: (model: string) => Limits }): ModelQueue {
  let group: Promise<Bottleneck.Group> | undefined;
  return {
    async enter(model, signal) {
      const { maxConcurrent } = limitsFor(model);
      if (!maxConcurrent) return { leave() {} };
      group ??= import('bottleneck').then(({ default: Bottleneck }) => new Bottleneck.Group());
      const limiter = (await group).key(model);
      limiter.updateSettings({ maxConcurrent: maxConcurrent.value });
      return turnIn(limiter, signal);
    },
  };
}

function turnIn(limiter: Bottleneck, signal: AbortSignal | undefined): Promise<{ leave(): void }> {
  return new Promise((resolve, reject) => {
    const giveUp = () => reject(signal?.reason);
    if (signal?.aborted) return giveUp();
    signal?.addEventListener('abort', giveUp, { once: true });
    const turn = () =>
      new Promise<void>((leave) => {
        signal?.removeEventListener('abort', giveUp);
        // A turn that was given up in the queue still comes, and is passed on at once.
        if (signal?.aborted) leave();
        else resolve({ leave });
      });
    limiter.schedule(turn).catch(reject);
  });
}
