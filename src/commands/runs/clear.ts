import { assertAgreed } from '../../cli/confirm.js';
import type { Failure } from '../../cli/failure.js';
import type { Host } from '../../cli/process.js';
import { endingOf } from '../../cli/shutdown.js';
import { writing } from '../../cli/with-output.js';
import { openDatabase } from '../../database/open.js';
import { reasonOf } from '../../database/sqlite-error.js';
import { BoticelliError } from '../../errors.js';
import { type Cleared, type Clearing, clearRuns, countCleared } from '../../store/runs/clear-runs.js';
import { counted } from '../../terminal/text/format.js';
import { lookingInto, stateFolderOf } from './run-history.js';

/** The flags of `boticelli runs clear`. */
export interface ClearOptions {
  /** In milliseconds. */
  olderThan?: number;
  narrative?: string;
  yes?: boolean;
}

/** `boticelli runs clear`: forgets runs and their replies, and says how many. Asks first. */
export function clearRecorded(options: ClearOptions, host: Host): Promise<Failure | undefined> {
  const { olderThan, narrative } = options;
  const clearing: Clearing = {
    ...(olderThan !== undefined && { before: Date.now() - olderThan }),
    ...(narrative !== undefined && { narrative }),
  };
  return writing(host, async (output) => {
    const none: Cleared = { runs: 0, answers: 0 };
    const found = await lookingInto(host, (database) => (database ? countCleared(database, clearing) : none));
    if (found.runs + found.answers === 0) return output.write('There is nothing to forget.\n');
    await askFirst(found, options, host);
    const { runs, answers } = await clear(clearing, host);
    output.write(`Forgot ${inWords({ runs, answers })}.\n`);
  });
}

async function clear(clearing: Clearing, host: Host): Promise<Cleared> {
  const { database, warning } = await openDatabase(await stateFolderOf(host));
  if (!database) throw new BoticelliError('output_failed', warning ?? 'there is no record of runs');
  try {
    return await clearRuns(database, clearing);
  } catch (thrown) {
    throw new BoticelliError('output_failed', `the record of runs can't be written: ${reasonOf(thrown)}`, {
      hint: 'Nothing was forgotten.',
      cause: thrown,
    });
  } finally {
    database.close();
  }
}

/** Listens for signals while the question stands: it is the one thing here that takes time. */
async function askFirst(found: Cleared, { yes }: ClearOptions, host: Host): Promise<void> {
  const { signal, release } = endingOf(host);
  try {
    await assertAgreed({
      what: `this forgets ${inWords(found)}`,
      ...{ sayYes: 'have it done', otherwise: 'nothing was forgotten', yes, host, signal },
    });
  } finally {
    release();
  }
}

function inWords({ runs, answers }: Cleared): string {
  return `${counted(runs, 'run')} and ${answers === 1 ? '1 reply' : `${answers} replies`} kept for --resume`;
}
