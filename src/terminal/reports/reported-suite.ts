import type { Usage } from '../../driver/response.js';
import type { ErrorReport } from '../../errors.js';
import type { RunStatus } from '../../executor/narrative-events.js';

/** A narrative in a report for CI. */
export interface ReportedSuite {
  name: string;
  /** The file of the narrative, as the user gave it. Absent for standard input. */
  file?: string;
  status: RunStatus;
  cases: readonly ReportedCase[];
  /** Whether each case is an act or a row. */
  unit: 'act' | 'row';
  usage: Usage;
  /** In US dollars; absent if unknown. */
  costUsd?: number;
  durationMs: number;
}

/** An act, or with `--each` or `--matrix` a row. */
export interface ReportedCase {
  name: string;
  /** `reused`: it has a reply of an earlier run. `skipped`: it was not started. */
  outcome: 'completed' | 'reused' | 'failed' | 'skipped';
  /** Why it failed. */
  error?: ErrorReport;
  /** Whether the case failed because of an unusable reply. It is then a failure in JUnit; otherwise, an error. */
  hasUnusableReply?: boolean;
  model?: string;
  usage?: Usage;
  costUsd?: number;
  durationMs?: number;
}
