import type { Clock } from './clock.js';
import type { CallContext, MeasuredWait } from './driver.js';

/**
 * Carries out a wait and reports how long it took, also if it ends early or is aborted. The `wait` event before it
 * contains the planned time only.
 *
 * @param minMs the shortest wait that is reported. Default 1
 */
export async function measureWait<Result>(
  { onWaited }: CallContext,
  { clock, minMs = 1, ...wait }: Pick<MeasuredWait, 'model' | 'reason'> & { clock: Clock; minMs?: number },
  work: () => Promise<Result>,
): Promise<Result> {
  const startedAt = clock.now();
  try {
    return await work();
  } finally {
    const durationMs = Math.round(clock.now() - startedAt);
    if (durationMs >= minMs) onWaited?.({ ...wait, startedAt, durationMs });
  }
}
