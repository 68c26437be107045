import { type Stats, statSync } from 'node:fs';
import type Database from 'libsql';

/**
 * For each database given to `watchForReplacement`: its path, and the file that the path named at the time of that
 * call.
 */
const openFiles = new WeakMap<Database.Database, { path: string; stats: Stats | undefined }>();

/**
 * Makes every later transaction check that the path still names the file of this database. SQLite itself would go on
 * writing to a removed file, and what it writes would be lost. The inode identifies the file: it is not reused while
 * the file is open.
 */
export function watchForReplacement(database: Database.Database, path: string): void {
  openFiles.set(database, { path, stats: statSync(path, { throwIfNoEntry: false }) });
}

function assertNotReplaced(database: Database.Database): void {
  const opened = openFiles.get(database);
  if (!opened) return;
  const current = statSync(opened.path, { throwIfNoEntry: false });
  if (!current) throw new Error('it was removed during the run');
  if (current.ino !== opened.stats?.ino || current.dev !== opened.stats.dev)
    throw new Error('another file replaced it during the run');
}

/**
 * Runs work in one write transaction, so that either everything or nothing is written. Even a single statement needs a
 * transaction: if a statement outside a transaction finds the file locked, libsql 0.5 leaves it unfinished, and every
 * later commit on this connection fails (seen 2026-11: "cannot commit transaction - SQL statements in progress").
 *
 * @throws SQLite's errors, and an error if the file has been removed or replaced
 */
export function runInTransaction<Result>(database: Database.Database, work: () => Result): Result {
  assertNotReplaced(database);
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    database.exec('COMMIT');
    return result;
  } catch (thrown) {
    if (database.inTransaction) database.exec('ROLLBACK');
    throw thrown;
  }
}
