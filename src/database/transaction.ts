import type Database from 'libsql';

/**
 * Runs work in one write transaction: all of it is written, or nothing. Also needed for a single statement: if a
 * statement on its own finds the file locked, libsql 0.5 leaves it unfinished, and no later commit on this connection
 * succeeds (seen 2026-11: "cannot commit transaction - SQL statements in progress", until the run gave up).
 */
export function runInTransaction<Result>(database: Database.Database, work: () => Result): Result {
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
