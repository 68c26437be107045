import type Database from 'libsql';
import { hasColumn, rowRunsTable } from '../../database/schema.js';
import { runInTransaction } from '../../database/transaction.js';
import { retryWhileLocked } from '../../database/wait-for-lock.js';
import { truncateWithEllipsis } from '../../util/utf16.js';
import { replaceNuls } from '../replies/reply-cache.js';

/**
 * A combination of `--matrix`, as stored with a row (see `RowEntry`). The entry with number 0 stands for the run as a
 * whole, and has the list of all values of each key instead.
 */
export interface StoredMatrix {
  /** The values on one line, for people. */
  label: string;
  /** The value of each key; in entry 0, the list of its values. */
  values: Readonly<Record<string, unknown>>;
}

/** Where the rows of a run come from. */
export interface RowsOrigin {
  /** The name of the source; empty for `--matrix` without rows. */
  source: string;
  matrix?: StoredMatrix | undefined;
  /**
   * The number of rows; with `--matrix`, multiplied by the number of combinations. Undefined if the rows can't be
   * counted before they are read.
   */
  total: number | undefined;
}

/** A row; with `--matrix`, a row with one combination. */
export interface RowEntry {
  /** Counts from 1; with `--matrix`, over all combinations of all rows. The entry of the run as a whole has 0. */
  number: number;
  /** A text by which people tell the row from others. */
  label: string;
  matrix?: StoredMatrix | undefined;
}

/** The number of rows of a run, counted as in `RowsOrigin.total`, and how many of them have their replies. */
export interface RowTotals {
  total: number;
  completed: number;
}

/** The maximum length of a label. */
const maxLabelLength = 80;

/** The maximum length of a value of a combination that is stored with a row. */
const maxValueLength = 200;

/** Returns the id of the run of a row. */
export function createRowRunId(run: string, number: number): string {
  return `${run}/${number}`;
}

/** Creates the table `row_runs` if it does not exist, and returns the methods that write the rows of a run. */
export function createRowRunWriter(database: Database.Database, run: string) {
  database.exec(rowRunsTable);
  const insertRow = database.prepare('INSERT OR REPLACE INTO row_runs (run, number, label) VALUES (?, ?, ?)');
  const setTotal = database.prepare('UPDATE runs SET act_count = ? WHERE id = ?');
  const updateTotals = database.prepare(
    `UPDATE runs SET act_count = ?, acts_ended = ?,
     attempts = (SELECT ifnull(sum(attempts), 0) FROM runs WHERE id > ? AND id < ?) WHERE id = ?`,
  );
  const write = (work: () => void) => retryWhileLocked(() => runInTransaction(database, work));
  let updateMatrix: Database.Statement | undefined;
  const insert = ({ number, label, matrix }: RowEntry) => {
    insertRow.run(run, number, replaceNuls(label.slice(0, maxLabelLength)));
    if (!matrix) return;
    updateMatrix ??= prepareMatrixUpdate(database);
    updateMatrix.run(JSON.stringify(number === 0 ? matrix : shortenValues(matrix)), run, number);
  };
  return {
    /**
     * Stores entry 0, which stands for the run as a whole. Sets `act_count` of the run to how many rows it has, or to 0
     * if that is unknown.
     */
    open: ({ source, matrix, total }: RowsOrigin) =>
      write(() => {
        insert({ number: 0, label: source, matrix });
        setTotal.run(total ?? 0, run);
      }),
    /** Stores the entry of a row. Call it in a transaction. */
    insert,
    /**
     * Stores the totals in the entry of the whole run. There, `act_count` and `acts_ended` are numbers of rows, and
     * `attempts` is the sum of the attempts of all rows.
     */
    saveTotals: ({ total, completed }: RowTotals) =>
      // `0` is the character after `/`: the range holds all ids that begin with `<run>/`.
      write(() => void updateTotals.run(total, completed, `${run}/`, `${run}0`, run)),
  };
}

/**
 * Prepares the statement that stores the combination of a row. Adds the column for it if an earlier version created the
 * table without it.
 */
function prepareMatrixUpdate(database: Database.Database) {
  if (!hasMatrixColumn(database)) database.exec('ALTER TABLE row_runs ADD COLUMN matrix TEXT');
  return database.prepare('UPDATE row_runs SET matrix = ? WHERE run = ? AND number = ?');
}

/**
 * Truncates long values, such as the text of a variable, because every row would store them. The entry of the whole run
 * has them in full.
 */
function shortenValues({ label, values }: StoredMatrix): StoredMatrix {
  const shorten = (value: unknown) => (typeof value === 'string' ? truncateWithEllipsis(value, maxValueLength) : value);
  return { label, values: Object.fromEntries(Object.entries(values).map(([key, value]) => [key, shorten(value)])) };
}

/** Whether the table `row_runs` has the column `matrix`, for combinations of `--matrix`. */
export function hasMatrixColumn(database: Database.Database): boolean {
  return hasColumn(database, 'row_runs', 'matrix');
}

/** Deletes the labels and combinations of rows (the table `row_runs`) whose run no longer exists. */
export function deleteOrphanedRowLabels(database: Database.Database): void {
  if (database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'row_runs'").get() === undefined) return;
  database.exec('DELETE FROM row_runs WHERE run NOT IN (SELECT id FROM runs)');
}
