import type { CliProcess } from '../../cli/process.js';
import { getWorkingFolder } from '../../cli/working-folder.js';
import { findStateFolder } from '../../config/trust/state-folder.js';
import { createUnreadableError, type Database, databasePath, openReadOnly } from '../../database/open.js';
import { BoticelliError } from '../../errors.js';

/** The first schema version of the state database in which runs are stored. */
const minSchemaVersion = 2;

/**
 * Returns the folder of the state database.
 * @throws BoticelliError `no_input` if BOTICELLI_STATE_DIR is not set and the user has no home folder
 */
export async function getStateFolder(proc: CliProcess): Promise<string> {
  const folder = await findStateFolder(proc.env, getWorkingFolder(proc));
  if (folder !== undefined) return folder;
  throw new BoticelliError('no_input', 'no state folder', { hint: 'Set BOTICELLI_STATE_DIR.' });
}

/**
 * Reads the run history. Does not create a database.
 *
 * @param read receives undefined if there is no database yet
 * @throws BoticelliError `no_input` if the database can't be read
 */
export async function withRunHistory<Result>(
  proc: CliProcess,
  read: (database: Database.Database | undefined) => Result,
): Promise<Result> {
  const folder = await getStateFolder(proc);
  const database = await openReadOnly(folder, minSchemaVersion);
  try {
    return read(database);
  } catch (thrown) {
    throw thrown instanceof BoticelliError ? thrown : createUnreadableError(databasePath(folder), thrown);
  } finally {
    database?.close();
  }
}
