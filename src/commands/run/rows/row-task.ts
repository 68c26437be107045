import type { RowIdentity } from '../../../driver/driver.js';
import type { RowAndCombination } from '../../../rows/results/row-result.js';
import { formatRowLocation, type Row, type RowSource } from '../../../rows/row.js';
import type { Variant } from './load-variants.js';

/** A task runs the narrative once: for a row, for a combination of `--matrix`, or for both. */
export interface RowTask {
  /** The number of the task, from 1, over all shards. Without `--matrix` it is the number of the row. */
  position: number;
  row: Row;
  variant: Variant;
  /**
   * Identifies the row and combination by their values, in stored and recorded replies. Unlike `position`, it stays the
   * same if rows are inserted before the row.
   */
  rowIdentity: RowIdentity;
  /** What all tasks of the row share: whether the row is already in the file of `--failed`. */
  shared: { isWrittenAsFailed: boolean };
}

/** Returns the values that identify the result of a task. */
export function getRowAndCombination({ row, variant }: RowTask): RowAndCombination {
  return { rowValues: row.values, ...(variant.combination && { matrix: variant.combination.values }) };
}

/** Names a task for a person, with the place of its row: `row 3 (comments.csv:4) model=a`. */
export function getTaskName(task: RowTask, source: RowSource): string {
  return joinName(task, source, `row ${task.row.number} (${formatRowLocation(source, task.row)})`);
}

/** Names a task without the place of its row: `row 3 model=a`. */
export function getShortTaskName(task: RowTask, source: RowSource): string {
  return joinName(task, source, `row ${task.row.number}`);
}

function joinName({ variant }: RowTask, { format }: RowSource, rowName: string): string {
  return [...(format === 'none' ? [] : [rowName]), ...(variant.combination ? [variant.combination.label] : [])].join(
    ' ',
  );
}
