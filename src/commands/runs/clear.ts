import { requireConfirmation } from '../../cli/confirm.js';
import { withOutput } from '../../cli/output.js';
import type { CliProcess } from '../../cli/process.js';
import { listenForShutdown } from '../../cli/shutdown.js';
import { type Database, databasePath, openDatabase } from '../../database/open.js';
import { describeSqliteError } from '../../database/sqlite-error.js';
import { BoticelliError } from '../../errors.js';
import {
  type ClearedCounts,
  type ClearFilter,
  clearEverything,
  clearRuns,
  countClearable,
  countEverything,
} from '../../store/runs/clear-runs.js';
import { formatCount, formatInteger } from '../../terminal/text/format.js';
import { getStateFolder, withRunHistory } from './run-history.js';

/** The options of `boticelli runs clear`. */
export interface ClearOptions {
  /** The minimum age of a run, in milliseconds. */
  olderThan?: number;
  narrative?: string;
  /** Delete everything that the database has. */
  all?: boolean;
  yes?: boolean;
}

/** `boticelli runs clear`: deletes runs and their replies after a confirmation, and prints how many. */
export function clearRunHistory(options: ClearOptions, proc: CliProcess): Promise<void> {
  const { olderThan, narrative, all = false } = options;
  if (all) return clearDatabase(options, proc);
  const filter: ClearFilter = {
    ...(olderThan !== undefined && { before: Date.now() - olderThan }),
    ...(narrative !== undefined && { narrative }),
  };
  return withOutput(proc, async (output) => {
    const empty: ClearedCounts = { runs: 0, replies: 0 };
    const found = await withRunHistory(proc, (database) => (database ? countClearable(database, filter) : empty));
    if (found.runs + found.replies === 0) return output.write('Nothing to delete.\n');
    await confirmClear(formatCounts(found), options, proc);
    const cleared = await withWritableHistory(proc, (database) => clearRuns(database, filter));
    output.write(`Deleted ${formatCounts(cleared)}.\n`);
  });
}

/** Deletes everything in the database. @throws BoticelliError `usage` if `--all` is combined with a filter */
function clearDatabase(options: ClearOptions, proc: CliProcess): Promise<void> {
  const { olderThan, narrative } = options;
  if (olderThan !== undefined || narrative !== undefined) {
    const hint = 'Remove --all, or the other flags.';
    throw new BoticelliError('usage', "--all deletes everything, so it can't be combined with a filter", { hint });
  }
  return withOutput(proc, async (output) => {
    const entryCount = await withRunHistory(proc, (database) => (database ? countEverything(database) : 0));
    if (entryCount === 0) return output.write('Nothing to delete.\n');
    await confirmClear('all runs and stored replies, and what is known about quota and models', options, proc);
    await withWritableHistory(proc, clearEverything);
    output.write(`Deleted everything in ${databasePath(await getStateFolder(proc))}.\n`);
  });
}

async function withWritableHistory<Result>(
  proc: CliProcess,
  work: (database: Database.Database) => Promise<Result>,
): Promise<Result> {
  const { database, warning } = await openDatabase(await getStateFolder(proc));
  if (!database) throw new BoticelliError('output_failed', warning ?? 'no run history');
  try {
    return await work(database);
  } catch (thrown) {
    throw new BoticelliError('output_failed', `can't write the run history: ${describeSqliteError(thrown)}`, {
      hint: 'Nothing was deleted.',
      cause: thrown,
    });
  } finally {
    database.close();
  }
}

/** Asks for confirmation. Signals are handled only during the question, because counting and deleting are quick. */
async function confirmClear(what: string, { yes }: ClearOptions, proc: CliProcess): Promise<void> {
  const { signal, stopListening } = listenForShutdown(proc);
  try {
    await requireConfirmation({
      action: `this deletes ${what}`,
      ...{ declinedEffect: 'nothing was deleted', yes, proc, signal },
    });
  } finally {
    stopListening();
  }
}

function formatCounts({ runs, replies }: ClearedCounts): string {
  return `${formatCount(runs, 'run')} and ${replies === 1 ? '1 stored reply' : `${formatInteger(replies)} stored replies`}`;
}
