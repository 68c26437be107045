import { readSettings } from '../../cli/load-settings.js';
import type { Host } from '../../cli/process.js';
import { readStandardInput } from '../../cli/stdin.js';
import type { Settings } from '../../config/settings.js';
import { createSpending, type Spending } from '../../driver/layers/budget-ledger.js';
import { BoticelliError } from '../../errors.js';
import type { Paint } from '../../terminal/text/colors.js';
import { type OpenStateOptions, openState, type State } from '../resources/open-database.js';
import { openQuota, type QuotaOptions, type RunQuota } from '../resources/open-quota.js';
import type { RunOptions } from './run.js';

/** What the narratives of one command have in common. Each part is opened when one of them first needs it. */
export interface Shared {
  settings(): Promise<Settings>;
  state(options: OpenStateOptions): Promise<State>;
  /** One quota book, gate and queue: what one narrative sends, the others reckon with. */
  quota(options: QuotaOptions): Promise<RunQuota>;
  /** What all of them spend: `--max-cost` bounds the command. */
  spending: Spending;
  /** What `{{stdin}}` stands for, the same for all of them. That it is nothing is told to the first who asks. */
  stdin(warn: (text: string) => void): Promise<string>;
  /** Closes what was opened, when all have ended. */
  close(): Promise<void>;
}

export interface SharedOptions {
  files: readonly string[];
  options: RunOptions;
  host: Host;
  paint: Paint;
  signal: AbortSignal;
}

export function createShared({ files, options, host, paint, signal }: SharedOptions): Shared {
  const isNarrative = files.length > 1 && files.includes('-');
  let opened: Promise<RunQuota> | undefined;
  return {
    settings: once(() => readSettings(options, host, paint)),
    state: once(openState),
    quota(given) {
      opened ??= openQuota(given);
      return opened;
    },
    spending: createSpending(),
    stdin: once((warn) => (isNarrative ? Promise.reject(noInputLeft()) : readStandardInput(host, { signal, warn }))),
    async close() {
      await (await opened?.catch(() => undefined))?.book.close?.();
    },
  };
}

/** Does the work at the first call, with what that was given, and hands its result to every later one. */
function once<Given extends unknown[], Result>(work: (...given: Given) => Result): (...given: Given) => Result {
  let done: { result: Result } | undefined;
  return (...given) => {
    done ??= { result: work(...given) };
    return done.result;
  };
}

function noInputLeft(): BoticelliError {
  return new BoticelliError('no_input', 'the narrative uses {{stdin}}, and standard input is a narrative itself', {
    hint: 'Run the two one after another, or put that narrative into a file.',
  });
}
