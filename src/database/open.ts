import { closeSync, existsSync, mkdirSync, openSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type Database from 'libsql';
import { BoticelliError } from '../errors.js';
import { describeUnusableFile, foreignDatabaseMessage, isForeignDatabase } from './foreign-file.js';
import { loadSqlite } from './load-sqlite.js';
import { applicationId, migrate, readApplicationId, readSchemaVersion, repairSchema, schemaVersion } from './schema.js';
import { describeSqliteError, isCorrupt, isUnwritable } from './sqlite-error.js';
import { watchForReplacement } from './transaction.js';
import { type LockWaitOptions, retryQuotaWorkWhileLocked } from './wait-for-lock.js';

export type { Database };

/**
 * `database` is absent if the state database can't be used. `warning` is one line for the user: why there is no
 * database, or that a damaged file was replaced.
 */
type OpenedDatabase = { database?: Database.Database; warning?: string };

/** Returns the path of the database in a state folder. */
export function databasePath(stateFolder: string): string {
  return join(stateFolder, 'boticelli.db');
}

/**
 * Opens the database of a state folder. Creates it if it is missing, with mode 0600 in a folder of mode 0700. A damaged
 * file is renamed, never deleted, and a new one is created. A file that belongs to another program or was written by a
 * newer version is left unchanged. A file that can't be written, for example on a full disk, is opened with
 * `openUnwritable`. If no database can be opened, only a warning is returned, and the program continues without one.
 *
 * @param options how to wait while another process locks the whole file
 * @throws BoticelliError `output_failed` if the file stays locked, because no request may be sent while the used
 *   quota is unknown
 * @throws BoticelliError `invalid_config` if SQLite can't be loaded
 */
export async function openDatabase(
  folder: string,
  options: Omit<LockWaitOptions, 'pauseMs'> = {},
): Promise<OpenedDatabase> {
  const LibSql = await loadSqlite();
  const path = databasePath(folder);
  let inode: number | undefined;
  const openWhenUnlocked = () =>
    retryQuotaWorkWhileLocked(
      () => {
        inode = getInode(path);
        return openFile(LibSql, path);
      },
      // The file holds the used quota, so it is worth a long wait.
      { ...options, pauseMs: [5, 25] },
    );
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return await openWhenUnlocked();
  } catch (thrown) {
    if (thrown instanceof BoticelliError) throw thrown;
    if (!isCorrupt(thrown)) {
      const database = openUnwritable(LibSql, path);
      return database ? { database } : { warning: `${path} can't be used: ${describeSqliteError(thrown)}` };
    }
  }
  try {
    const warning = `${path} ${moveDamagedFile(path, inode)}; a new database was created`;
    return { warning, ...(await openWhenUnlocked()) };
  } catch (thrown) {
    if (thrown instanceof BoticelliError) throw thrown;
    return { warning: `${path} is damaged and can't be replaced: ${describeSqliteError(thrown)}` };
  }
}

function openFile(LibSql: typeof Database, path: string): OpenedDatabase {
  const problem = describeUnusableFile(LibSql, path);
  if (problem !== undefined) return { warning: `${path} ${problem}: it is left unchanged` };
  if (!existsSync(path)) createFile(path);
  const database = new LibSql(path);
  const refuse = (problem: string) => {
    database.close();
    return { warning: `${path} ${problem}: it is left unchanged` };
  };
  try {
    // The timeout is set before the journal mode: otherwise, when many processes open a new file at the same time, some
    // of them fail. SQLite's wait blocks the event loop and therefore Ctrl-C, so it is short. A caller that can wait
    // longer tries again.
    database.exec('PRAGMA busy_timeout = 200');
    readSchema(database);
    // `describeUnusableFile` accepts a file that has no application id and whose tables it can't read.
    if (isForeignDatabase(database)) return refuse(foreignDatabaseMessage);
    const version = readSchemaVersion(database);
    if (version > schemaVersion) return refuse(`was written by a newer boticelli (schema version ${version})`);
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = NORMAL');
    if (version < schemaVersion) migrate(database);
    repairSchema(database);
    if (version < schemaVersion || readApplicationId(database) !== applicationId) markAsOurs(database);
    // SQLite sleeps up to 100 ms between its own retries and lets others overtake, so callers retry themselves.
    database.pragma('busy_timeout = 10');
    watchForReplacement(database, path);
    return { database };
  } catch (thrown) {
    database.close();
    throw thrown;
  }
}

/**
 * Reads the schema, so that a file that is damaged or can't be opened throws here and not later. Uses neither `prepare`
 * nor `pragma`, because both create a statement. A failed statement keeps its connection open, even after `close`, until
 * the statement is garbage-collected. The next connection of this process would share the index of the write-ahead log
 * with the failed connection, and would fail too. On a full disk, `openUnwritable` could then not read what is only in
 * the log (seen 2026-11 with libsql 0.5: SQLITE_IOERR_SHMSIZE).
 */
function readSchema(database: Database.Database): void {
  database.exec('SELECT count(*) FROM sqlite_schema');
}

/** Creates an empty file, which is a new database to SQLite. `wx` does not follow a symbolic link. */
function createFile(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (thrown) {
    // Another process has created it.
    if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown;
  }
}

/** Sets the application id, and copies it from the write-ahead log to the file, where the next start looks for it. */
function markAsOurs(database: Database.Database): void {
  try {
    // `migrate` sets the id. Here it changes nothing else, because the file already has the current schema version.
    if (readApplicationId(database) !== applicationId) migrate(database);
    database.pragma('wal_checkpoint(PASSIVE)');
  } catch {
    // The disk is full, or another process writes. The file can be used without the id, and a later run tries again.
  }
}

/**
 * Opens a file that SQLite can't open normally, for example on a full disk. A used-up daily quota is then still known,
 * and `--resume` finds the stored replies. Writing to the file fails with SQLite's error. `readonly_shm` is tried
 * first: it also reads what is only in the write-ahead log, but needs the log's index file. `immutable` needs no index,
 * but ignores the log. Returns undefined if both fail, or if the file is not ours or has another schema version.
 */
function openUnwritable(LibSql: typeof Database, path: string): Database.Database | undefined {
  for (const query of ['readonly_shm=1', 'immutable=1']) {
    try {
      const database = new LibSql(`${pathToFileURL(path).href}?${query}`);
      readSchema(database);
      if (readSchemaVersion(database) === schemaVersion && !isForeignDatabase(database)) return database;
      database.close();
    } catch {}
  }
  return undefined;
}

/**
 * Renames a damaged file, its write-ahead log and the log's index, so that a new file can be created at the path. The
 * new path contains the time.
 *
 * @param inode the inode of the damaged file; if the path has another one, another process has replaced the file, and
 *   nothing is renamed
 * @returns what happened, as the end of a sentence that begins with the path
 * @throws the system's error if the file can't be renamed
 */
export function moveDamagedFile(path: string, inode: number | undefined): string {
  if (getInode(path) !== inode) return 'was damaged and has been replaced';
  const damagedPath = `${path}.damaged-${new Date().toISOString().replaceAll(':', '-')}`;
  for (const suffix of ['', '-wal', '-shm'])
    if (existsSync(path + suffix)) renameSync(path + suffix, damagedPath + suffix);
  return `was damaged and renamed to ${damagedPath}`;
}

/** Returns the inode of a file, or undefined if there is none. */
export function getInode(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino;
}

/**
 * Opens the database of a state folder for reading: nothing is created, migrated or renamed.
 *
 * @param minVersion the first schema version that has the wanted tables
 * @returns undefined if the file does not exist, is empty, or has an older schema version than `minVersion`
 * @throws BoticelliError `no_input` if the file can't be read, is not ours, or was written by a newer version
 * @throws BoticelliError `invalid_config` if SQLite can't be loaded
 */
export async function openReadOnly(folder: string, minVersion = 1): Promise<Database.Database | undefined> {
  const path = databasePath(folder);
  try {
    // A file that another process is creating is still empty.
    if (statSync(path, { throwIfNoEntry: false })?.size === 0) return undefined;
    const LibSql = await loadSqlite();
    const problem = describeUnusableFile(LibSql, path);
    if (problem !== undefined) throw new Error(`it ${problem}`);
    if (!existsSync(path)) return undefined;
    const database = connectReadOnly(LibSql, path);
    if (isForeignDatabase(database)) {
      database.close();
      throw new Error(`it ${foreignDatabaseMessage}`);
    }
    const version = readSchemaVersion(database);
    if (version >= minVersion && version <= schemaVersion) return database;
    database.close();
    if (version >= 1 && version < minVersion) return undefined;
    if (version === 0) throw new Error('it is not a boticelli database');
    throw new Error(`it was written by a newer boticelli (schema version ${version})`);
  } catch (thrown) {
    if (thrown instanceof BoticelliError) throw thrown;
    throw createUnreadableError(path, thrown);
  }
}

/**
 * Connects for reading. Even for that, SQLite creates an index of the write-ahead log beside the file. If it can't,
 * because the folder is read-only or the disk is full, the file is opened with `openUnwritable`.
 */
function connectReadOnly(LibSql: typeof Database, path: string): Database.Database {
  const database = new LibSql(`${pathToFileURL(path).href}?mode=ro`);
  try {
    // The wait blocks the event loop, but it is rare: readers wait only for a program that locks the whole file.
    database.exec('PRAGMA busy_timeout = 10000');
    readSchema(database);
    return database;
  } catch (thrown) {
    database.close();
    const unwritable = isUnwritable(thrown) ? openUnwritable(LibSql, path) : undefined;
    if (unwritable) return unwritable;
    throw thrown;
  }
}

/** Creates the error for a database that can't be read. */
export function createUnreadableError(path: string, thrown: unknown): BoticelliError {
  return new BoticelliError('no_input', `${path} can't be read: ${describeSqliteError(thrown)}`, {
    hint: 'Nothing was changed. Check the permissions of the file. If it is damaged, the next run renames it and creates a new one.',
    cause: thrown,
  });
}
