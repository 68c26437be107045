import { requireConfirmation } from '../../cli/confirm.js';
import { withOutput } from '../../cli/output.js';
import type { CliProcess } from '../../cli/process.js';
import { listenForShutdown } from '../../cli/shutdown.js';
import { openDatabase } from '../../database/open.js';
import { describeSqliteError } from '../../database/sqlite-error.js';
import { BoticelliError } from '../../errors.js';
import { type ClearedCounts, type ClearFilter, clearRuns, countClearable } from '../../store/runs/clear-runs.js';
import { formatCount } from '../../terminal/text/format.js';
import { getStateFolder, withRunHistory } from './run-history.js';

/** The options of `boticelli runs clear`. */
export interface ClearOptions {
  /** The minimum age of a run, in milliseconds. */
  olderThan?: number;
  narrative?: string;
  yes?: boolean;
}

/** `boticelli runs clear`: deletes runs and their replies after a confirmation, and prints how many. */
export function clearRunHistory(options: ClearOptions, proc: CliProcess): Promise<void> {
  const { olderThan, narrative } = options;
  const filter: ClearFilter = {
    ...(olderThan !== undefined && { before: Date.now() - olderThan }),
    ...(narrative !== undefined && { narrative }),
  };
  return withOutput(proc, async (output) => {
    const empty: ClearedCounts = { runs: 0, replies: 0 };
    const found = await withRunHistory(proc, (database) => (database ? countClearable(database, filter) : empty));
    if (found.runs + found.replies === 0) return output.write('Nothing to delete.\n');
    await confirmClear(found, options, proc);
    output.write(`Deleted ${formatCounts(await clear(filter, proc))}.\n`);
  });
}

async function clear(filter: ClearFilter, proc: CliProcess): Promise<ClearedCounts> {
  const { database, warning } = await openDatabase(await getStateFolder(proc));
  if (!database) throw new BoticelliError('output_failed', warning ?? 'no run history');
  try {
    return await clearRuns(database, filter);
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
async function confirmClear(found: ClearedCounts, { yes }: ClearOptions, proc: CliProcess): Promise<void> {
  const { signal, stopListening } = listenForShutdown(proc);
  try {
    await requireConfirmation({
      action: `this deletes ${formatCounts(found)}`,
      ...{ declinedEffect: 'nothing was deleted', yes, proc, signal },
    });
  } finally {
    stopListening();
  }
}

function formatCounts({ runs, replies }: ClearedCounts): string {
  return `${formatCount(runs, 'run')} and ${replies === 1 ? '1 stored reply' : `${replies} stored replies`}`;
}
