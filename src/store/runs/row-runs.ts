import type Database from 'libsql';
import { rowRunsTable } from '../../database/schema.js';
import { runInTransaction } from '../../database/transaction.js';
import { retryWhileLocked } from '../../database/wait-for-lock.js';
import { replaceNuls } from '../replies/reply-cache.js';

/** How many rows a run with `--each` has, and how many of them have their reply. */
export interface RowTotals {
  total: number;
  done: number;
}

/** The maximum length of a label. */
const maxLabelLength = 80;

/** Returns the id of the run of a row. */
export function createRowRunId(run: string, number: number): string {
  return `${run}/${number}`;
}

/** Creates the writer of the table of rows. */
export function createRowRunWriter(database: Database.Database, run: string) {
  database.exec(rowRunsTable);
  const insert = database.prepare('INSERT OR REPLACE INTO row_runs (run, number, label) VALUES (?, ?, ?)');
  const update = database.prepare(
    `UPDATE runs SET act_count = ?, acts_ended = ?,
     attempts = (SELECT ifnull(sum(attempts), 0) FROM runs WHERE id > ? AND id < ?) WHERE id = ?`,
  );
  const write = (work: () => void) => retryWhileLocked(() => runInTransaction(database, work));
  return {
    /** Adds a row, or with number 0 the whole run. */
    add: (number: number, label: string) =>
      write(() => void insert.run(run, number, replaceNuls(label.slice(0, maxLabelLength)))),
    /** Stores the totals: the acts of the whole run are its rows. */
    saveTotals: ({ total, done }: RowTotals) => write(() => void update.run(total, done, `${run}/`, `${run}0`, run)),
  };
}

/** Deletes the entries of runs that were deleted. */
export function deleteOrphanedRows(database: Database.Database): void {
  if (database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'row_runs'").get() === undefined) return;
  database.exec('DELETE FROM row_runs WHERE run NOT IN (SELECT id FROM runs)');
}
