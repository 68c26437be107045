import type { RowIdentity } from '../../../driver/driver.js';
import type { RowAndCombination } from '../../../rows/results/row-result.js';
import { formatRowLocation, isFromEach, type Row, type RowSource } from '../../../rows/row.js';
import type { NarrativeVariant } from './load-narrative-variants.js';

/** A task runs the narrative once: for a row, for a combination of `--matrix`, or for both. */
export interface RowTask extends NarrativeVariant {
  /** Counts the tasks of all shards, from 1. Without `--matrix` it equals the number of the row. */
  taskNumber: number;
  /** Without `--each`, a row without values. */
  row: Row;
  /**
   * Identifies the row and combination by their values, in stored and recorded replies. Unlike `taskNumber`, it stays
   * the same if rows are inserted before the row.
   */
  rowIdentity: RowIdentity;
  /** Whether the row is already in the file of `--failed`. All tasks of a row share this object. */
  rowState: { isWrittenAsFailed: boolean };
}

/** Returns the values of the row and of the combination, as a result in the file of `--results` contains them. */
export function getRowAndCombination({ row, combination }: RowTask): RowAndCombination {
  return { rowValues: row.values, ...(combination && { matrix: combination.values }) };
}

/** Names a task for a person, with the place of its row: `row 3 (comments.csv:4) model=a`. */
export function getTaskName(task: RowTask, source: RowSource): string {
  return joinName(task, source, `row ${task.row.number} (${formatRowLocation(source, task.row)})`);
}

/** Names a task without the place of its row: `row 3 model=a`. */
export function getShortTaskName(task: RowTask, source: RowSource): string {
  return joinName(task, source, `row ${task.row.number}`);
}

function joinName({ combination }: RowTask, source: RowSource, rowName: string): string {
  return [...(isFromEach(source) ? [rowName] : []), ...(combination ? [combination.label] : [])].join(' ');
}
