import type Database from 'libsql';

/**
 * Runs work in one write transaction, so that either everything or nothing is written. Even a single statement needs a
 * transaction: if a statement outside a transaction finds the file locked, libsql 0.5 leaves it unfinished, and every
 * later commit on this connection fails (seen 2026-11: "cannot commit transaction - SQL statements in progress").
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
