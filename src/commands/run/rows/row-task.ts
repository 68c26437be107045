import type { RequestInstance } from '../../../driver/driver.js';
import type { RowAndCombination } from '../../../rows/results/row-result.js';
import { formatRowLocation, type Row, type RowSource } from '../../../rows/row.js';
import type { Variant } from './load-variants.js';

/** One run of the narrative: for a row, for a combination of `--matrix`, or for both. */
export interface RowTask {
  /** The number of the run, from 1. Runs of other shards count too. Without `--matrix` it is the number of the row. */
  position: number;
  row: Row;
  variant: Variant;
  /** Says which of the runs of the command this is. */
  instance: RequestInstance;
  /** What all runs of the row share: whether the row is already in the file of `--failed`. */
  shared: { isWrittenAsFailed: boolean };
}

/** Returns the values that identify the result of a run. */
export function getRowAndCombination({ row, variant }: RowTask): RowAndCombination {
  return { row: row.values, ...(variant.combination && { matrix: variant.combination.values }) };
}

/** Names a run for a person, with the place of its row: `row 3 (comments.csv:4) model=a`. */
export function getTaskName(task: RowTask, source: RowSource): string {
  return joinName(task, source, `row ${task.row.number} (${formatRowLocation(source, task.row)})`);
}

/** Names a run without its place: `row 3 model=a`. */
export function getShortTaskName(task: RowTask, source: RowSource): string {
  return joinName(task, source, `row ${task.row.number}`);
}

function joinName({ variant }: RowTask, { format }: RowSource, rowName: string): string {
  return [...(format === 'none' ? [] : [rowName]), ...(variant.combination ? [variant.combination.label] : [])].join(
    ' ',
  );
}
