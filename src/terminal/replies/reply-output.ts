import type { NarrativeEvent, RunReport } from '../../executor/narrative-events.js';

/** Writes replies to standard output. Receives every event of a run and, at the end, the report of the run. */
export interface ReplyOutput {
  onEvent(event: NarrativeEvent): void;
  /** Called once, at the end of the run. */
  finish(report: RunReport): void;
  /** Whether the reply of an act is held back until those of earlier acts and narratives are written. */
  isHeldBack?(act: { index: number }): boolean;
}

/** Tests whether an act's reply is shown; depends on `--only` and `--last`. */
export type ActFilter = (act: { act: string; index: number }) => boolean;
