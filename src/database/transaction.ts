import type Database from 'libsql';

/**
 * Does the work in one transaction that can write: all of it is done, or nothing. Also for a single statement: one that finds
 * the file locked by itself is left half done by libsql 0.5, and then nobody can commit on this connection, the quota book
 * neither (seen 2026-11: "cannot commit transaction - SQL statements in progress", until the run gave up).
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
