import type { Clock } from '../../driver/clock.js';
import type { MeasuredWait } from '../../driver/driver.js';
import type { ActTimes, WaitSpan } from './act-details.js';

/** Measures how an act spends its time. */
export interface ActTimer {
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** The sum of the measured waits, or of the planned waits if none was measured. */
  readonly waitMs: number;
  /** From the start to the first text; undefined until then. */
  readonly firstTokenMs: number | undefined;
  addPlannedWait(waitMs: number): void;
  addMeasuredWait(wait: MeasuredWait): void;
  /** Call it when an attempt has failed and another one follows. */
  addRetry(): void;
  /** Call it for each text that arrives. Only the first call counts. */
  addText(): void;
  /** Returns the times until now. */
  measure(): ActTimes;
}

/** Creates the timer of an act that starts now. */
export function createActTimer(clock: Clock): ActTimer {
  const startedAt = clock.now();
  const elapsed = () => clock.now() - startedAt;
  const waits: WaitSpan[] = [];
  /** When failed attempts ended, without the last attempt of the act. Reported as `retriesMs`. */
  const failedAtMs: number[] = [];
  let plannedWaitMs = 0;
  let firstTokenMs: number | undefined;
  return {
    startedAt,
    get waitMs() {
      return waits.length === 0 ? plannedWaitMs : waits.reduce((sum, { durationMs }) => sum + durationMs, 0);
    },
    get firstTokenMs() {
      return firstTokenMs;
    },
    addPlannedWait(waitMs) {
      plannedWaitMs += waitMs;
    },
    addMeasuredWait: (wait) =>
      void waits.push({ reason: wait.reason, startMs: wait.startedAt - startedAt, durationMs: wait.durationMs }),
    addRetry: () => void failedAtMs.push(elapsed()),
    addText() {
      firstTokenMs ??= elapsed();
    },
    measure: () => ({
      ...{ startedAt, durationMs: elapsed(), waits },
      ...(failedAtMs.length > 0 && { retriesMs: failedAtMs }),
      ...(firstTokenMs !== undefined && { firstTokenMs }),
    }),
  };
}
