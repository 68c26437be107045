import { stringify } from 'csv-stringify/sync';
import { BoticelliError } from '../../errors.js';
import { escapeControls } from '../../terminal/replies/json.js';
import { stringifyJsonWithBigints } from '../../util/json.js';
import { formatCombinationId } from '../matrix.js';
import type { Row } from '../row.js';
import type { RowAndCombination, RowResult } from './row-result.js';

/** The format of `--results`. */
export interface ResultFormat {
  /** The first line of a new file; empty for NDJSON. */
  header: string;
  format(result: RowResult): string;
  /**
   * Returns the key of a row and a combination: their values as they appear in the file. Equal rows with equal
   * combinations have equal keys.
   */
  getKey(input: RowAndCombination): string;
  /** Why a row can't be written; undefined if it can. */
  explainUnwritable(row: Row): string | undefined;
}

/** Formats a result as JSON, on one line unless `indent` is set. */
export function stringifyResult(result: RowResult, indent?: number): string {
  return escapeControls(stringifyJsonWithBigints(result, indent));
}

/** The format of NDJSON: a result per line. */
export const ndjsonFormat: ResultFormat = {
  header: '',
  format: (result) => `${stringifyResult(result)}\n`,
  // Versions before `--matrix` wrote results without `matrix`. Their keys are those of the rows alone.
  getKey: ({ rowValues, matrix }) =>
    stringifyJsonWithBigints(rowValues) + (matrix ? formatCombinationId({ values: matrix }) : ''),
  explainUnwritable: () => undefined,
};

/** What determines the columns of CSV results, besides the columns of the source. */
export interface ColumnOptions {
  /** The acts, each of which has a column for its reply. */
  actNames: readonly string[];
  /** The keys of `--matrix`, each of which has a column. */
  matrixKeys: readonly string[];
}

/** Returns the columns that CSV results have after those of the source, in order. */
export function listAddedColumns({ actNames, matrixKeys }: ColumnOptions): string[] {
  return [...matrixKeys, 'reply', ...new Set(actNames), 'status', 'error'];
}

/**
 * Creates the format of CSV: the columns of the source, those of `--matrix`, `reply`, a column for each act, `status`
 * and `error`.
 *
 * @param sourceColumns the columns of the source, or the keys of its first row
 * @throws BoticelliError `invalid_narrative` if two columns would have the same name
 */
export function createCsvFormat(
  sourceColumns: readonly string[],
  { actNames, matrixKeys }: ColumnOptions,
): ResultFormat {
  const acts = [...new Set(actNames)];
  const added = listAddedColumns({ actNames, matrixKeys });
  const all = [...sourceColumns, ...added];
  const repeated = all.find((name, index) => all.indexOf(name) !== index);
  if (repeated !== undefined) throw createRepeatedColumnError(repeated, sourceColumns);
  const known = new Set(sourceColumns);
  const getInputCells = ({ rowValues, matrix }: RowAndCombination) =>
    [...sourceColumns.map((column) => rowValues[column]), ...matrixKeys.map((key) => matrix?.[key])].map(toCell);
  return {
    header: formatLine(all),
    format(result) {
      const { row: rowValues, matrix, reply, replies, status, error } = result;
      const cells = [reply, ...acts.map((act) => replies[act]), status, error && `${error.code}: ${error.message}`];
      return formatLine([...getInputCells({ rowValues, matrix }), ...cells.map(toCell)]);
    },
    getKey: (input) => JSON.stringify(getInputCells(input)),
    explainUnwritable({ values }) {
      const extra = Object.keys(values).find((key) => !known.has(key));
      return extra === undefined
        ? undefined
        : `the row has the key ${JSON.stringify(extra)}, which the first row does not have; use --results with .ndjson`;
    },
  };
}

function createRepeatedColumnError(name: string, sourceColumns: readonly string[]): BoticelliError {
  const subject = sourceColumns.includes(name) ? 'the source has a column' : 'the narrative has an act';
  return new BoticelliError(
    'invalid_narrative',
    `${subject} named ${JSON.stringify(name)}, but the results already have a column of this name`,
    {
      hint: 'Rename it, or write the results as .ndjson.',
    },
  );
}

function formatLine(cells: readonly string[]): string {
  return stringify([[...cells]]);
}

function toCell(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'object' ? stringifyJsonWithBigints(value) : String(value);
}
