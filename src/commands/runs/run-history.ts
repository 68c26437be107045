import type { CliProcess } from '../../cli/process.js';
import { findStateFolder } from '../../config/user-folders.js';
import { createUnreadableError, type Database, openReadOnly } from '../../database/open-read-only.js';
import { BoticelliError } from '../../errors.js';
import { findRuns, listActs, type RecordedAct, type RecordedRun } from '../../store/runs/read-runs.js';

/** The first version of the state database that has runs. */
const minSchemaVersion = 2;

/** Returns the folder of the state database. @throws BoticelliError `no_input` if the user has no home folder */
export async function getStateFolder(proc: CliProcess): Promise<string> {
  const folder = await findStateFolder({ environment: proc.env, workingFolder: proc.cwd() });
  if (folder !== undefined) return folder;
  throw new BoticelliError('no_input', 'no state folder', { hint: 'Set BOTICELLI_STATE_DIR.' });
}

/**
 * Reads the run history. It creates no database.
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
    throw thrown instanceof BoticelliError ? thrown : createUnreadableError(folder, thrown);
  } finally {
    database?.close();
  }
}

/** A run with its acts. */
export interface RunWithActs {
  run: RecordedRun;
  acts: RecordedAct[];
}

/**
 * Finds a run by its id, by the first characters of its id, or as `last`.
 *
 * @throws BoticelliError `no_input` if there is none, `usage` if there are several
 */
export function findRun(id: string, proc: CliProcess): Promise<RunWithActs> {
  return withRunHistory(proc, (database) => {
    const found = database ? findRuns(database, id) : [];
    const [run, ...others] = found;
    if (!database || !run) throw unknownRunError(id);
    if (others.length > 0 && run.run !== id) throw ambiguousRunError(id, found);
    return { run, acts: listActs(database, run.run) };
  });
}

function unknownRunError(id: string): BoticelliError {
  if (id === 'last') {
    return new BoticelliError('no_input', 'no runs yet', {
      hint: 'Every run is recorded, except rehearsals and with [store] keep = "off".',
    });
  }
  return new BoticelliError('no_input', `no such run: ${id}`, { hint: 'List runs with: boticelli runs' });
}

function ambiguousRunError(id: string, found: readonly RecordedRun[]): BoticelliError {
  return new BoticelliError('usage', `${id} matches several runs`, {
    hint: `The newest are ${found.map(({ run }) => run).join(', ')}.`,
  });
}
