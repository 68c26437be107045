import type { ErrorReport } from '../../errors.js';
import type { Prompt } from '../../executor/acts/act-details.js';
import type { ActEnd, RunStatus } from '../../executor/narrative-events.js';
import type { ActProgressEvent, RecordedTiming, RunTotals } from './run-recorder.js';

/** A recorded run with its totals. */
export interface RecordedRun extends RunTotals {
  /** The id of the run. Ids sort by time. */
  run: string;
  narrative: string;
  /** The absolute path of the narrative file; absent for standard input. */
  file?: string;
  /** SHA-256 of the file's text, in hexadecimal. */
  fileHash?: string;
  /** ISO 8601 in UTC. */
  startedAt: string;
  /** `unfinished` if no end was recorded, because the run is in progress or was killed. */
  status: RunStatus | 'unfinished';
  /**
   * The number of acts of the run, over all rounds and nested narratives. For a run with `--each` or `--matrix`, the
   * number of its rows, multiplied by the number of combinations. `actsEnded` is then the number of completed rows,
   * counted in the same way.
   */
  actCount: number;
  /** Absent if the run is unfinished. */
  durationMs?: number;
  /** The name of the source of a run with `--each`. */
  source?: string;
  /** The label of the row, if this is the run of a row. */
  rowLabel?: string;
  /**
   * The value of each key of `--matrix`, if this is the run of a combination; for the whole run, the lists of values.
   */
  matrix?: Record<string, unknown>;
  /** `matrix` on one line: `model=gemini-2.5-pro temperature=0`, or `model=a,b temperature=0,1` for the whole run. */
  matrixLabel?: string;
  error?: ErrorReport;
  /** The variables of the command line, with long values truncated. */
  vars?: Readonly<Record<string, string>>;
}

/** A recorded act. */
export interface RecordedAct {
  act: string;
  /** Absent if the act failed. */
  end?: ActEnd;
  /** The events between its start and its end. */
  events: ActProgressEvent[];
  /**
   * How the act spent its time. Also has what the act requested (model and parameters), because both are stored in the
   * column `timing`. Absent in runs that were recorded in 2026-11 or before.
   */
  timing?: RecordedTiming;
  /** The prompt, if prompts were stored. */
  prompt?: Prompt;
}
