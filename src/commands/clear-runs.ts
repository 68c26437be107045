import { BoticelliError } from '../errors.js';
import { reasonOf } from '../sqlite/sqlite-error.js';
import { type Cleared, type Clearing, clearRuns, countCleared } from '../store/clear-runs.js';
import { openDatabase } from '../store/open-database.js';
import { counted } from '../terminal/quantity.js';
import { assertAgreed } from './assert-agreed.js';
import { endingOf } from './ending.js';
import type { Failure } from './failure.js';
import type { Host } from './host.js';
import { lookingInto, stateFolderOf } from './recorded.js';
import { writing } from './writing.js';

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
