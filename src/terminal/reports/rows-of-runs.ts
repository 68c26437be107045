import type { RecordedRun } from '../../store/runs/recorded-run.js';

/** Whether a run has rows instead of acts: those of `--each`, of `--matrix`, or of both. */
export function hasRows({ run, source, matrix }: Pick<RecordedRun, 'run' | 'source' | 'matrix'>): boolean {
  return source !== undefined || (matrix !== undefined && !run.includes('/'));
}

/** What the rows of such a run are called: with `--matrix`, they are runs. */
export function getRowUnit({ matrix }: Pick<RecordedRun, 'matrix'>): 'row' | 'run' {
  return matrix === undefined ? 'row' : 'run';
}
