import type { NarrativeEvent, RunReport } from '../../executor/narrative-events.js';

/** Puts replies on standard output: hears every event of a run, and its report at the end. */
export interface ReplyOutput {
  onEvent(event: NarrativeEvent): void;
  /** Called once, when the run is over. */
  finish(report: RunReport): void;
  /** Whether nothing of them has been written yet: other narratives come first. */
  isQueued?(): boolean;
}

/** Tells whether an act's reply is to be shown; `--only` and `--last` decide. */
export type ActFilter = (act: { act: string; index: number }) => boolean;
