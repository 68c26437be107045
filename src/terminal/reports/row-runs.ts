import type { RecordedRun } from '../../store/runs/recorded-run.js';

/**
 * Whether a run is the run of a whole command with `--each` or `--matrix`. Such a run has no acts: each row, each
 * combination, or with both flags each pair of a row and a combination, has a run of its own with acts.
 */
export function hasRowRuns({ run: id, source, matrix }: Pick<RecordedRun, 'run' | 'source' | 'matrix'>): boolean {
  // The run of a single combination has `matrix` too. Its id contains a slash, such as `20261130-074133-83cc4c/2`; the id
  // of a command's whole run does not.
  return source !== undefined || (matrix !== undefined && !id.includes('/'));
}

/**
 * Returns the word that messages use for one part of a command's run: `run` if the command had `--matrix`, `row` if it
 * had only `--each`.
 */
export function getRowUnit({ matrix }: Pick<RecordedRun, 'matrix'>): 'row' | 'run' {
  return matrix === undefined ? 'row' : 'run';
}
