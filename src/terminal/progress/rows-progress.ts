import type { ErrorCode } from '../../errors.js';
import { formatCount, formatDateTime, formatInteger, formatUsd } from '../text/format.js';
import type { RowsStandstill } from './row-waits.js';

/** The counts of a run with `--each` or `--matrix`. With `--matrix`, a run of a combination counts as a row. */
export interface RowCounts {
  /** What is counted, for messages. */
  unit: 'row' | 'run';
  /** The number of rows; undefined if the source can't be counted. */
  total: number | undefined;
  /** Rows that have their reply, in this run or an earlier one. */
  completed: number;
  /** How many of the `completed` rows have their result from an earlier run. */
  completedEarlier: number;
  /** Failed rows by error code. */
  failures: ReadonlyMap<ErrorCode, number>;
  /** In US dollars; undefined if a price is unknown. */
  costUsd: number | undefined;
}

/** Counts the requests of the last minute, and estimates when the remaining rows will be done. */
export interface RateMeter {
  /** Returns the current time, in milliseconds since the epoch. */
  now(): number;
  /** Call it when requests have been answered. */
  addRequests(count: number): void;
  /** Call it when a row of this run has ended, but not for a row that has its result from an earlier run. */
  addRow(): void;
  /** The requests of the last minute. During the first minute, the number is extrapolated from the time so far. */
  readonly requestsPerMinute: number;
  /**
   * Returns the time at which the remaining rows will be done, in milliseconds since the epoch; undefined if the time
   * is not yet known.
   */
  estimateEnd(remainingRows: number): number | undefined;
}

/** Creates a meter that starts now. @param now returns milliseconds since the epoch */
export function createRateMeter(now: () => number): RateMeter {
  const startedAt = now();
  /** The number of requests in each of the last 60 seconds, by the second since the epoch. */
  const counts = new Map<number, number>();
  let rowsEndedInThisRun = 0;
  const removeOldCounts = (currentSecond: number) => {
    for (const second of counts.keys()) if (second <= currentSecond - 60) counts.delete(second);
  };
  return {
    now,
    addRequests(count) {
      const second = Math.floor(now() / 1000);
      removeOldCounts(second);
      counts.set(second, (counts.get(second) ?? 0) + count);
    },
    addRow() {
      rowsEndedInThisRun += 1;
    },
    get requestsPerMinute() {
      removeOldCounts(Math.floor(now() / 1000));
      const requests = [...counts.values()].reduce((sum, count) => sum + count, 0);
      const elapsedMs = now() - startedAt;
      return Math.round(elapsedMs < 60_000 ? (requests * 60_000) / Math.max(1000, elapsedMs) : requests);
    },
    estimateEnd: (remainingRows) =>
      rowsEndedInThisRun === 0
        ? undefined
        : now() + ((now() - startedAt) / rowsEndedInThisRun) * Math.max(0, remainingRows),
  };
}

/**
 * Formats the progress line: `412/1,000 rows · 3 failed · 5 requests per minute · done about 14:32 · $0.41`. While the run
 * stands still, the wait replaces the rate, and the estimated time of the end is not before the end of the wait.
 */
export function formatRowsProgress(counts: RowCounts, meter: RateMeter, standstill?: RowsStandstill): string {
  const { unit, total, completed, costUsd } = counts;
  const failed = countFailures(counts);
  const ended = completed + failed;
  const end = total === undefined || ended >= total ? undefined : meter.estimateEnd(total - ended);
  return [
    total === undefined ? formatCount(ended, unit) : `${formatInteger(ended)}/${formatCount(total, unit)}`,
    ...(failed > 0 ? [`${formatInteger(failed)} failed`] : []),
    standstill?.text ?? `${formatInteger(meter.requestsPerMinute)} requests per minute`,
    ...(end === undefined ? [] : [`done about ${formatTime(Math.max(end, standstill?.endsAt ?? 0), meter.now())}`]),
    ...(costUsd === undefined || costUsd === 0 ? [] : [formatUsd(costUsd)]),
  ].join(' · ');
}

/** Formats a time as `14:32`; if it is not on the day of `now`, as `Mon 23 Nov, 14:32`. */
function formatTime(timeMs: number, now: number): string {
  const time = new Date(timeMs);
  return time.toDateString() === new Date(now).toDateString() ? time.toTimeString().slice(0, 5) : formatDateTime(time);
}

/**
 * Formats the last line: `1,000 rows: 988 done, 12 failed (10 blocked, 2 invalid_reply), $1.20`.
 * @param unfinished the number of rows that were not started, or were interrupted
 */
export function formatRowsSummary(counts: RowCounts, unfinished: number): string {
  const { completed, completedEarlier, failures, costUsd } = counts;
  const failed = countFailures(counts);
  const total = counts.total ?? completed + failed + unfinished;
  const reasons = [...failures]
    .sort(([, left], [, right]) => right - left)
    .map(([code, count]) => `${formatInteger(count)} ${code}`);
  const earlier = completedEarlier > 0 ? ` (${formatInteger(completedEarlier)} in earlier runs)` : '';
  const parts = [
    `${formatInteger(completed)} done${earlier}`,
    ...(failed > 0 ? [`${formatInteger(failed)} failed (${reasons.join(', ')})`] : []),
    ...(unfinished > 0 ? [`${formatInteger(unfinished)} not finished`] : []),
    ...(costUsd === undefined ? [] : [formatUsd(costUsd)]),
  ];
  return `${formatCount(total, counts.unit)}: ${parts.join(', ')}`;
}

/** Counts the failed rows. */
export function countFailures({ failures }: Pick<RowCounts, 'failures'>): number {
  return [...failures.values()].reduce((sum, count) => sum + count, 0);
}
