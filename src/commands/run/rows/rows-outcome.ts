import type { BilledUsage } from '../../../driver/cost.js';
import type { BoticelliError } from '../../../errors.js';
import type { RunStatus } from '../../../executor/narrative-events.js';

/** How a command with `--each` or `--matrix` ended. The command has a run for each row and combination. */
export interface RowsOutcome extends BilledUsage {
  status: RunStatus;
  /**
   * The number of runs of the command. If the rows can't be counted, the number of runs that the command has reached:
   * see `RowsState.reached`.
   */
  total: number;
  /** How many of these runs completed, in this command or an earlier one. */
  done: number;
  /** How many of these runs were not started, or were interrupted. */
  unfinished: number;
  /** The error that ended the command, if it belongs to no row: for example, the results can't be written. */
  stopError?: BoticelliError;
  /** The error of the failed run with the lowest position. */
  firstFailure?: BoticelliError;
}
