import type { RecordedRun } from '../../store/runs/recorded-run.js';

/** Whether a run consists of the runs of rows (`--each`), of combinations (`--matrix`) or of both, instead of acts. */
export function hasRowsOrCombinations({
  run,
  source,
  matrix,
}: Pick<RecordedRun, 'run' | 'source' | 'matrix'>): boolean {
  // The run of a single combination has `matrix` too, but it consists of acts. Only its id contains a slash.
  return source !== undefined || (matrix !== undefined && !run.includes('/'));
}

/** Returns the name of a part of a run with rows or combinations: `run` with `--matrix`, `row` with only `--each`. */
export function getRowUnit({ matrix }: Pick<RecordedRun, 'matrix'>): 'row' | 'run' {
  return matrix === undefined ? 'row' : 'run';
}
