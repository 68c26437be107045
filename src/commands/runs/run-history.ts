import type { CliProcess } from '../../cli/process.js';
import { findStateFolder } from '../../config/user-folders.js';
import { createUnreadableError, type Database, openReadOnly } from '../../database/open-read-only.js';
import { BoticelliError } from '../../errors.js';
import { findRuns, listActs, type RecordedAct, type RecordedRun } from '../../store/runs/read-runs.js';

/** The version of the state's file that runs are in since. */
const minSchemaVersion = 2;

/** The folder of the state's database. Rejects with `no_input` for a user who has none. */
export async function getStateFolder(proc: CliProcess): Promise<string> {
  const folder = await findStateFolder({ environment: proc.env, workingFolder: proc.cwd() });
  if (folder !== undefined) return folder;
  throw new BoticelliError('no_input', 'there is no folder that runs could be kept in', {
    hint: 'Set BOTICELLI_STATE_DIR.',
  });
}

/**
 * Looks into the record of runs; nothing is made where there is none yet.
 * @param read is given undefined where there is none
 * Rejects with `no_input` where there is one that can't be read.
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
 * The run of that id, of an id that begins so, or the last one. Rejects with `no_input` where there is none, and with `usage`
 * where there are several.
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
    return new BoticelliError('no_input', 'there is no run yet', {
      hint: 'Runs are recorded from now on, unless [store] keep is "off"; rehearsals are not.',
    });
  }
  return new BoticelliError('no_input', `there is no run ${id}`, {
    hint: 'boticelli runs lists those that there are.',
  });
}

function ambiguousRunError(id: string, found: readonly RecordedRun[]): BoticelliError {
  return new BoticelliError('usage', `several runs begin with ${id}`, {
    hint: `The newest of them are ${found.map(({ run }) => run).join(', ')}.`,
  });
}
