import { statSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type Database from 'libsql';
import { BoticelliError } from '../errors.js';
import { schemaVersion } from './open.js';
import { describeSqliteError } from './sqlite-error.js';

export type { Database };

/**
 * Opens `boticelli.db` of the state folder to look at it: nothing is made, mended or set aside.
 * @param minVersion the first version of the file that has what is looked for
 * @returns undefined where there is none yet, or one that is older than that
 * Rejects with `no_input` where there is one that can't be read.
 */
export async function openReadOnly(folder: string, minVersion = 1): Promise<Database.Database | undefined> {
  const path = join(folder, 'boticelli.db');
  try {
    // One that another process is just beginning has no bytes yet.
    if (!statSync(path, { throwIfNoEntry: false })?.size) return undefined;
    const { default: LibSql } = await import('libsql');
    const database = new LibSql(`${pathToFileURL(path).href}?mode=ro`);
    // Nobody listens for Ctrl-C meanwhile, so it works; and readers wait for those alone who lock the whole file.
    database.pragma('busy_timeout = 10000');
    const [row] = database.pragma('user_version') as { user_version: number }[];
    const version = row?.user_version ?? 0;
    if (version >= minVersion && version <= schemaVersion) return database;
    database.close();
    if (version >= 1 && version < minVersion) return undefined;
    throw new Error(version > schemaVersion ? `it is of a newer boticelli (version ${version})` : 'it is not ours');
  } catch (thrown) {
    throw createUnreadableError(path, thrown);
  }
}

/** What a person is told of a database that can't be read. */
export function createUnreadableError(path: string, thrown: unknown): BoticelliError {
  return new BoticelliError('no_input', `${path} can't be read: ${describeSqliteError(thrown)}`, {
    hint: 'Nothing was changed. The next run says what it makes of it.',
    cause: thrown,
  });
}
