import { chmodSync, existsSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type Database from 'libsql';
import { BoticelliError } from '../errors.js';
import { migrate, readSchemaVersion, schemaVersion } from './schema.js';
import { describeSqliteError, isCorrupt } from './sqlite-error.js';
import { type LockWaitOptions, retryWhileQuotaLocked } from './wait-for-lock.js';

export type { Database };

/** The state's database, or the reason why it can't be used. */
export interface OpenedDatabase {
  /** Absent if the program has to continue without it. */
  database?: Database.Database;
  /** A message for the user, in one line. */
  warning?: string;
}

/** How to wait while another process locks the whole file. */
export type OpenDatabaseOptions = Omit<LockWaitOptions, 'pauseMs'>;

/** Returns the path of the database in a state folder. */
export function databasePath(stateFolder: string): string {
  return join(stateFolder, 'boticelli.db');
}

/**
 * Opens the database of a state folder. Creates it if it is missing, with mode 0600 in a folder of mode 0700. A damaged file
 * is renamed, never deleted. Without a database the program continues, with a warning.
 *
 * @throws BoticelliError `output_failed` if the file stays locked: no request is sent without knowing the used quota
 */
export async function openDatabase(folder: string, options: OpenDatabaseOptions = {}): Promise<OpenedDatabase> {
  const { default: LibSql } = await import('libsql');
  const path = databasePath(folder);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return await retryWhileQuotaLocked(() => openFile(LibSql, path), { ...options, pauseMs: [5, 25] });
  } catch (thrown) {
    if (thrown instanceof BoticelliError) throw thrown;
    const immutable = isCorrupt(thrown) ? undefined : openImmutable(LibSql, path);
    if (immutable) return { database: immutable };
    if (!isCorrupt(thrown)) return { warning: `${path} can't be used: ${describeSqliteError(thrown)}` };
  }
  try {
    const damagedPath = moveDamagedFile(path);
    const warning = `${path} was damaged; it is now ${damagedPath}, and a new database was created`;
    return { ...openFile(LibSql, path), warning };
  } catch (thrown) {
    return { warning: `${path} is damaged and can't be replaced: ${describeSqliteError(thrown)}` };
  }
}

function openFile(LibSql: typeof Database, path: string): OpenedDatabase {
  const isNew = !existsSync(path);
  const database = new LibSql(path);
  try {
    if (isNew) chmodSync(path, 0o600);
    // Set before the journal mode: otherwise some of many processes that open a new file at the same time fail. This wait
    // blocks the event loop, and with it Ctrl-C, so it is short: callers that can wait longer retry.
    database.pragma('busy_timeout = 200');
    const version = readSchemaVersion(database);
    if (version > schemaVersion) {
      database.close();
      return { warning: `${path} was written by a newer boticelli (schema version ${version}): it is left unchanged` };
    }
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = NORMAL');
    if (version < schemaVersion) migrate(database);
    // SQLite reads the schema when it is first needed. Reading it now detects damage here.
    database.prepare('SELECT count(*) FROM sqlite_schema').get();
    // SQLite sleeps up to 100 ms between its own retries and lets others overtake, so callers retry themselves.
    database.pragma('busy_timeout = 10');
    return { database };
  } catch (thrown) {
    database.close();
    throw thrown;
  }
}

/**
 * Opens a file for reading that SQLite can't work with, for example on a full disk, so that a used-up daily quota is still
 * known. Writing to it fails with SQLite's error.
 */
function openImmutable(LibSql: typeof Database, path: string): Database.Database | undefined {
  try {
    const database = new LibSql(`${pathToFileURL(path).href}?immutable=1`);
    if (readSchemaVersion(database) === schemaVersion) return database;
    database.close();
    return undefined;
  } catch {
    return undefined;
  }
}

/**
 * Renames a damaged file and its companions, so that the next run creates a new one. The new name contains the time.
 *
 * @returns the new path
 * @throws the system's error if the file can't be renamed
 */
export function moveDamagedFile(path: string): string {
  const damagedPath = `${path}.damaged-${new Date().toISOString().replaceAll(':', '-')}`;
  for (const suffix of ['', '-wal', '-shm'])
    if (existsSync(path + suffix)) renameSync(path + suffix, damagedPath + suffix);
  return damagedPath;
}
