import { statSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import type Database from 'libsql';
import { BoticelliError } from '../errors.js';
import { databasePath } from './open.js';
import { readSchemaVersion, schemaVersion } from './schema.js';
import { describeSqliteError } from './sqlite-error.js';

export type { Database };

/**
 * Opens the database of a state folder for reading: nothing is created, migrated or renamed.
 *
 * @param minVersion the first schema version that has the wanted tables
 * @returns undefined if the file does not exist or has an older schema
 * @throws BoticelliError `no_input` if the file can't be read
 */
export async function openReadOnly(folder: string, minVersion = 1): Promise<Database.Database | undefined> {
  const path = databasePath(folder);
  try {
    // A file that another process is creating is still empty.
    if (!statSync(path, { throwIfNoEntry: false })?.size) return undefined;
    const { default: LibSql } = await import('libsql');
    const database = new LibSql(`${pathToFileURL(path).href}?mode=ro`);
    // A long wait that blocks the event loop is fine here: no signal handler is installed, so Ctrl-C works. Readers wait
    // only for programs that lock the whole file.
    database.pragma('busy_timeout = 10000');
    const version = readSchemaVersion(database);
    if (version >= minVersion && version <= schemaVersion) return database;
    database.close();
    if (version >= 1 && version < minVersion) return undefined;
    const isNewer = version > schemaVersion;
    throw new Error(
      isNewer ? `it was written by a newer boticelli (schema version ${version})` : 'it is not a boticelli database',
    );
  } catch (thrown) {
    throw createUnreadableError(path, thrown);
  }
}

/** Creates the error for a database that can't be read. */
export function createUnreadableError(path: string, thrown: unknown): BoticelliError {
  return new BoticelliError('no_input', `${path} can't be read: ${describeSqliteError(thrown)}`, {
    hint: 'Nothing was changed. Check its permissions. If it is damaged, the next run renames it and creates a new one.',
    cause: thrown,
  });
}
