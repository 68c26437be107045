import type { RecordedRun } from '../../store/runs/recorded-run.js';

/** Whether a run consists of the runs of rows (`--each`), of combinations (`--matrix`) or of both, instead of acts. */
export function consistsOfRuns({ run: id, source, matrix }: Pick<RecordedRun, 'run' | 'source' | 'matrix'>): boolean {
  // The run of a single combination has `matrix` too, but consists of acts. Its id contains a slash, such as
  // `20261130-074133-83cc4c/2`; the id of a command's whole run does not.
  return source !== undefined || (matrix !== undefined && !id.includes('/'));
}

/**
 * Returns the word that messages use for one part of a command's run: `run` if the command had `--matrix`, `row` if it
 * had only `--each`.
 */
export function getRowUnit({ matrix }: Pick<RecordedRun, 'matrix'>): 'row' | 'run' {
  return matrix === undefined ? 'row' : 'run';
}
