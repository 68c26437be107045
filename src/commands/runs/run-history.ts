import type { Host } from '../../cli/process.js';
import { stateFolderFrom } from '../../config/state-folder.js';
import { type Database, openForReading, unreadable } from '../../database/read.js';
import { BoticelliError } from '../../errors.js';
import { actsOf, findRuns, type RecordedAct, type RecordedRun } from '../../store/runs/read-runs.js';

/** The version of the state's file that runs are in since. */
const runsSince = 2;

/** The folder of the state's database. Rejects with `no_input` for a user who has none. */
export async function stateFolderOf(host: Host): Promise<string> {
  const folder = await stateFolderFrom({ environment: host.env, workingFolder: host.cwd() });
  if (folder !== undefined) return folder;
  throw new BoticelliError('no_input', 'there is no folder that runs could be kept in', {
    hint: 'Set BOTICELLI_STATE_DIR.',
  });
}

/**
 * Looks into the record of runs; nothing is made where there is none yet.
 * @param look is given undefined where there is none
 * Rejects with `no_input` where there is one that can't be read.
 */
export async function lookingInto<Result>(
  host: Host,
  look: (database: Database.Database | undefined) => Result,
): Promise<Result> {
  const folder = await stateFolderOf(host);
  const database = await openForReading(folder, runsSince);
  try {
    return look(database);
  } catch (thrown) {
    throw thrown instanceof BoticelliError ? thrown : unreadable(folder, thrown);
  } finally {
    database?.close();
  }
}

/** A run with its acts. */
export interface WholeRun {
  run: RecordedRun;
  acts: RecordedAct[];
}

/**
 * The run of that id, of an id that begins so, or the last one. Rejects with `no_input` where there is none, and with `usage`
 * where there are several.
 */
export function recordedRun(id: string, host: Host): Promise<WholeRun> {
  return lookingInto(host, (database) => {
    const found = database ? findRuns(database, id) : [];
    const [run, ...others] = found;
    if (!database || !run) throw unknownRun(id);
    if (others.length > 0 && run.run !== id) throw ambiguous(id, found);
    return { run, acts: actsOf(database, run.run) };
  });
}

function unknownRun(id: string): BoticelliError {
  if (id === 'last') {
    return new BoticelliError('no_input', 'there is no run yet', {
      hint: 'Runs are recorded from now on, unless [store] keep is "off"; rehearsals are not.',
    });
  }
  return new BoticelliError('no_input', `there is no run ${id}`, {
    hint: 'boticelli runs lists those that there are.',
  });
}

function ambiguous(id: string, found: readonly RecordedRun[]): BoticelliError {
  return new BoticelliError('usage', `several runs begin with ${id}`, {
    hint: `The newest of them are ${found.map(({ run }) => run).join(', ')}.`,
  });
}
