import type { NarrativeEvent, RunReport } from '../../executor/narrative-events.js';

/** Writes replies to standard output. Receives every event of a run, and its report at the end. */
export interface ReplyOutput {
  onEvent(event: NarrativeEvent): void;
  /** Called once, at the end of the run. */
  finish(report: RunReport): void;
  /** Whether the replies are held back until those of earlier narratives are written. */
  isQueued?(): boolean;
}

/** Tests whether an act's reply is shown; depends on `--only` and `--last`. */
export type ActFilter = (act: { act: string; index: number }) => boolean;
