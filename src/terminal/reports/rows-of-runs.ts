import type { RecordedRun } from '../../store/runs/recorded-run.js';

/** Whether a run has rows instead of acts: those of `--each`, of `--matrix`, or of both. */
export function hasRows({ run, source, matrix }: Pick<RecordedRun, 'run' | 'source' | 'matrix'>): boolean {
  // The run of a single combination has `matrix` too, but it has no rows. Only its id contains a slash.
  return source !== undefined || (matrix !== undefined && !run.includes('/'));
}

/** Returns what a part of a run with rows is called: `run` with `--matrix`, `row` if there is only `--each`. */
export function getRowUnit({ matrix }: Pick<RecordedRun, 'matrix'>): 'row' | 'run' {
  return matrix === undefined ? 'row' : 'run';
}
