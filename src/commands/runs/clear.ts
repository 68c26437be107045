import { requireConfirmation } from '../../cli/confirm.js';
import type { Failure } from '../../cli/failure.js';
import type { CliProcess } from '../../cli/process.js';
import { listenForShutdown } from '../../cli/shutdown.js';
import { withOutput } from '../../cli/with-output.js';
import { openDatabase } from '../../database/open.js';
import { describeSqliteError } from '../../database/sqlite-error.js';
import { BoticelliError } from '../../errors.js';
import { type ClearedCounts, type ClearFilter, clearRuns, countClearable } from '../../store/runs/clear-runs.js';
import { formatCount } from '../../terminal/text/format.js';
import { getStateFolder, withRunHistory } from './run-history.js';

/** The flags of `boticelli runs clear`. */
export interface ClearOptions {
  /** In milliseconds. */
  olderThan?: number;
  narrative?: string;
  yes?: boolean;
}

/** `boticelli runs clear`: forgets runs and their replies, and says how many. Asks first. */
export function clearRunHistory(options: ClearOptions, proc: CliProcess): Promise<Failure | undefined> {
  const { olderThan, narrative } = options;
  const filter: ClearFilter = {
    ...(olderThan !== undefined && { before: Date.now() - olderThan }),
    ...(narrative !== undefined && { narrative }),
  };
  return withOutput(proc, async (output) => {
    const empty: ClearedCounts = { runs: 0, replies: 0 };
    const found = await withRunHistory(proc, (database) => (database ? countClearable(database, filter) : empty));
    if (found.runs + found.replies === 0) return output.write('There is nothing to forget.\n');
    await confirmClear(found, options, proc);
    const { runs, replies } = await clear(filter, proc);
    output.write(`Forgot ${formatCounts({ runs, replies })}.\n`);
  });
}

async function clear(filter: ClearFilter, proc: CliProcess): Promise<ClearedCounts> {
  const { database, warning } = await openDatabase(await getStateFolder(proc));
  if (!database) throw new BoticelliError('output_failed', warning ?? 'there is no record of runs');
  try {
    return await clearRuns(database, filter);
  } catch (thrown) {
    throw new BoticelliError('output_failed', `the record of runs can't be written: ${describeSqliteError(thrown)}`, {
      hint: 'Nothing was forgotten.',
      cause: thrown,
    });
  } finally {
    database.close();
  }
}

/** Listens for signals while the question stands: it is the one thing here that takes time. */
async function confirmClear(found: ClearedCounts, { yes }: ClearOptions, proc: CliProcess): Promise<void> {
  const { signal, stopListening } = listenForShutdown(proc);
  try {
    await requireConfirmation({
      action: `this forgets ${formatCounts(found)}`,
      ...{ yesEffect: 'have it done', declinedEffect: 'nothing was forgotten', yes, proc, signal },
    });
  } finally {
    stopListening();
  }
}

function formatCounts({ runs, replies }: ClearedCounts): string {
  return `${formatCount(runs, 'run')} and ${replies === 1 ? '1 reply' : `${replies} replies`} kept for --resume`;
}
