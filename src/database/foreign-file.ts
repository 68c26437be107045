import { closeSync, lstatSync, openSync, readlinkSync, readSync, statSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import type Database from 'libsql';
import { applicationId, readApplicationId, tableNames } from './schema.js';

/**
 * The files that have passed the check in this process, by device, inode and time of creation. The inode alone is not
 * enough, because a new file may get the inode of a removed one. A file is not checked again, because this process may
 * already be connected to it: the check closes its own handle to the file, which releases the locks that SQLite holds
 * on the file (https://www.sqlite.org/howtocorrupt.html, section 2.2).
 */
const checkedFiles = new Set<string>();

/**
 * Describes why the file at a path must not be used, as the end of a sentence that begins with the path: it is the
 * database of another program, not a regular file, or a symbolic link to something other than our database. Returns
 * undefined for a file that is missing, empty, damaged or ours. Nothing is written: if SQLite has to open the file, it
 * does so in immutable mode, because opening the file normally may start a recovery, which writes.
 */
export function describeUnusableFile(LibSql: typeof Database, path: string): string | undefined {
  const stats = statSync(path, { throwIfNoEntry: false, bigint: true });
  const fileId = `${stats?.dev} ${stats?.ino} ${stats?.birthtimeNs}`;
  if (stats && checkedFiles.has(fileId)) return undefined;
  const problem = checkFile(LibSql, path);
  if (stats && problem === undefined) checkedFiles.add(fileId);
  return problem;
}

function checkFile(LibSql: typeof Database, path: string): string | undefined {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (!stats) return undefined;
  const header = readHeader(path);
  // A link may lead to any file of the user, so it is followed only to a database that has our tables.
  if (stats.isSymbolicLink()) {
    const isOurs =
      header && isOursOnDisk(LibSql, path, header.applicationId) && readTablesOnDisk(LibSql, path).length > 0;
    return isOurs ? undefined : `is a symbolic link to ${readlinkSync(path)}, which is not a boticelli database`;
  }
  if (!stats.isFile()) return 'is not a regular file';
  return header && !isOursOnDisk(LibSql, path, header.applicationId) ? foreignDatabaseMessage : undefined;
}

/** Why the database of another program is not used, as the end of a sentence. */
export const foreignDatabaseMessage = "is another program's database";

/** Whether an open database belongs to another program. A database without an id is ours if all its tables are. */
export function isForeignDatabase(database: Database.Database): boolean {
  const id = readApplicationId(database);
  return id !== applicationId && (id !== 0 || !readTables(database).every(isOurTable));
}

/**
 * Reads the application id in SQLite's header. Returns undefined if there is no such header: the file is missing,
 * empty, damaged or not a regular file.
 */
function readHeader(path: string): { applicationId: number } | undefined {
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) return undefined;
  const header = Buffer.alloc(100);
  const fd = openSync(path, 'r');
  try {
    const length = readSync(fd, header, 0, header.length, 0);
    if (length < header.length || header.toString('latin1', 0, 16) !== 'SQLite format 3\0') return undefined;
    // https://www.sqlite.org/fileformat.html#application_id (2026-11)
    return { applicationId: header.readInt32BE(68) };
  } finally {
    closeSync(fd);
  }
}

/**
 * Whether the database on disk is ours. A file passes if it has no application id and its tables can't be read:
 * `openFile` checks it again after opening it, and finds the damage.
 */
function isOursOnDisk(LibSql: typeof Database, path: string, id: number): boolean {
  return id === applicationId || (id === 0 && readTablesOnDisk(LibSql, path).every(isOurTable));
}

/**
 * Reads the names of the tables in immutable mode, in which SQLite neither recovers nor locks the file. Returns an
 * empty list if the file is damaged.
 */
function readTablesOnDisk(LibSql: typeof Database, path: string): string[] {
  const database = new LibSql(`${pathToFileURL(path).href}?immutable=1`);
  try {
    return readTables(database);
  } catch {
    return [];
  } finally {
    database.close();
  }
}

function readTables(database: Database.Database): string[] {
  const query = database.prepare("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')").raw(true);
  // SQLite and libsql create tables of their own in any database, so these are left out.
  return (query.all() as [string][]).flat().filter((name) => !/^(sqlite|libsql)_/.test(name));
}

function isOurTable(name: string): boolean {
  return tableNames.has(name);
}
