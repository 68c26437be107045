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
  /** The number of acts in the narrative. */
  actCount: number;
  /** Absent if the run is unfinished. */
  durationMs?: number;
  /** The name of the source, if it is a run with `--each`. Its acts are then its rows. */
  source?: string;
  /** What tells the row apart, if it is the run of a row. */
  rowLabel?: string;
  /** The value of each key of `--matrix`. A run with `--matrix` has the lists of values; its acts are then its runs. */
  matrix?: Record<string, unknown>;
  /** The same on one line: `model=gemini-2.5-pro temperature=0`, or `model=a,b temperature=0,1`. */
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
  /** How the act spent its time. Absent in runs of 2026-11 and before. */
  timing?: RecordedTiming;
  /** The prompt, if prompts were stored. */
  prompt?: Prompt;
}
