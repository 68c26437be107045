import { type Usage, zeroUsage } from '../../../driver/response.js';
import type { BoticelliError } from '../../../errors.js';
import type { MatrixValue } from '../../../rows/matrix.js';
import { countFailures, type RowCounts } from '../../../terminal/progress/rows-progress.js';
import { formatCount, formatInteger } from '../../../terminal/text/format.js';
import type { TaskContext } from './execute-task.js';
import type { RowsRun } from './open-rows-run.js';
import type { RowOutput } from './row-output.js';
import type { RowsOutcome } from './rows-outcome.js';

/** The state of a command with `--each` or `--matrix`. The command has a task for each row and combination. */
export interface RowsState {
  usage: Usage;
  /** The number of the last task that was started. */
  lastStarted: number;
  /**
   * The number of tasks that the command has started or skipped. It skips a task if an earlier command has written the
   * result of the task, or if no further task of the same model is started (see `stoppedModels`).
   */
  startedOrSkipped: number;
  /** Undefined with `--results`: then nothing is written to standard output. */
  output: RowOutput | undefined;
  /** The failed task with the lowest number. */
  firstFailure: { taskNumber: number; failure: BoticelliError } | undefined;
  /** The error that ended the command, if it belongs to no row: for example, the results can't be written. */
  stopError?: BoticelliError;
  /**
   * Why no further task is started, as a clause for a warning. It is not an error of its own, because the failed rows
   * have already reported theirs.
   */
  stopReason?: string;
  /**
   * The models for which no further task is started: the reason, and how many of their tasks were skipped. Without
   * `--matrix model=`, the only key is undefined.
   */
  stoppedModels: Map<MatrixValue | undefined, { reason: string; notRun: number }>;
}

/** Creates the state before the first row. */
export function createRowsState(): RowsState {
  return {
    usage: zeroUsage,
    lastStarted: 0,
    startedOrSkipped: 0,
    output: undefined,
    firstFailure: undefined,
    stoppedModels: new Map(),
  };
}

/** Creates the outcome, and warns about the tasks that were not started. */
export function createOutcome(
  { source, narrativeVariants }: RowsRun,
  state: RowsState,
  { signal, view }: TaskContext,
): RowsOutcome {
  const { stopError, stopReason, firstFailure, usage, lastStarted } = state;
  const { counts } = view;
  const ended = counts.completed + countFailures(counts);
  const unfinished = counts.total === undefined ? state.startedOrSkipped - ended : counts.total - ended;
  const hasStoppedEarly = stopError !== undefined || stopReason !== undefined;
  // With --shard, `counts.total` has only the tasks of the shard, but task numbers count the tasks of all shards.
  const lastTaskNumber = source.total === undefined ? undefined : source.total * narrativeVariants.length;
  for (const [model, stopped] of state.stoppedModels) {
    const text = `${formatCount(stopped.notRun, 'run')} with model=${model} ${stopped.notRun === 1 ? 'was' : 'were'} not run`;
    if (stopped.notRun > 0 && !signal.aborted) view.warn(`${text}: ${stopped.reason}`);
  }
  if (hasStoppedEarly && !signal.aborted && unfinished > 0)
    view.warn(describeNotRun(counts.unit, { lastStarted, lastTaskNumber }, stopReason));
  const isComplete = !signal.aborted && !stopError && !firstFailure;
  return {
    status: isComplete ? 'completed' : signal.aborted ? 'interrupted' : 'failed',
    ...{ usage, total: counts.total ?? state.startedOrSkipped, completed: counts.completed, unfinished },
    ...(counts.costUsd !== undefined && { costUsd: counts.costUsd }),
    ...(stopError && { stopError }),
    ...(firstFailure && { firstFailure: firstFailure.failure }),
  };
}

function describeNotRun(
  unit: RowCounts['unit'],
  { lastStarted, lastTaskNumber }: { lastStarted: number; lastTaskNumber: number | undefined },
  reason: string | undefined,
): string {
  const suffix = reason === undefined ? '' : `: ${reason}`;
  const first = formatInteger(lastStarted + 1);
  if (lastTaskNumber === undefined) return `${unit}s from ${first} on were not run${suffix}`;
  const last = formatInteger(lastTaskNumber);
  return first === last ? `${unit} ${last} was not run${suffix}` : `${unit}s ${first} to ${last} were not run${suffix}`;
}
