import type { BilledUsage } from '../../../driver/cost.js';
import type { BoticelliError } from '../../../errors.js';
import type { RunStatus } from '../../../executor/narrative-events.js';

/** How a command with `--each` or `--matrix` ended. The command has a task for each row and combination. */
export interface RowsOutcome extends BilledUsage {
  status: RunStatus;
  /**
   * The number of tasks of the command. If the rows can't be counted, the number of tasks that the command has started
   * or skipped (see `RowsState.startedOrSkipped`).
   */
  total: number;
  /** How many of these tasks completed, in this command or an earlier one. */
  completed: number;
  /** How many of these tasks neither completed nor failed: they were not started, or were interrupted. */
  unfinished: number;
  /** The error that ended the command, if it belongs to no row: for example, the results can't be written. */
  stopError?: BoticelliError;
  /** The error of the failed task with the lowest number. */
  firstFailure?: BoticelliError;
}
