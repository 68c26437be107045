import type { BilledUsage } from '../../../driver/cost.js';
import type { Usage } from '../../../driver/response.js';
import type { BoticelliError, ErrorReport } from '../../../errors.js';
import type { RunStatus } from '../../../executor/narrative-events.js';

/** How a run with `--each` or `--matrix` ended. */
export interface RowsOutcome extends BilledUsage {
  status: RunStatus;
  usage: Usage;
  /** The number of rows that were read; with `--matrix`, times that of the combinations. */
  total: number;
  /** How many of them have their reply. */
  done: number;
  /** How many of them were not started, or were interrupted. */
  notAsked: number;
  error?: ErrorReport;
  /** Why no further rows were started: an error that is not that of a single row. */
  stopError?: BoticelliError;
  /** The error of the failed run with the lowest position. */
  firstFailure?: BoticelliError;
}
