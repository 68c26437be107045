import { loadSettings } from '../../cli/load-settings.js';
import type { CliProcess } from '../../cli/process.js';
import { readStdinText } from '../../cli/stdin.js';
import type { Settings } from '../../config/settings.js';
import { type BudgetLedger, createBudgetLedger } from '../../driver/layers/budget-ledger.js';
import { BoticelliError } from '../../errors.js';
import type { Colors } from '../../terminal/text/colors.js';
import { type OpenStateDatabaseOptions, openStateDatabase, type StateDatabase } from '../resources/open-database.js';
import { type OpenQuotaOptions, openQuota, type RunQuota } from '../resources/open-quota.js';
import type { RunOptions } from './run.js';

/** What the narratives of one command have in common. Each part is opened when one of them first needs it. */
export interface RunResources {
  loadSettings(): Promise<Settings>;
  openStateDatabase(options: OpenStateDatabaseOptions): Promise<StateDatabase>;
  /** One quota book, gate and queue: what one narrative sends, the others reckon with. */
  openQuota(options: OpenQuotaOptions): Promise<RunQuota>;
  /** What all of them spend: `--max-cost` bounds the command. */
  budgetLedger: BudgetLedger;
  /** What `{{stdin}}` stands for, the same for all of them. That it is nothing is told to the first who asks. */
  readStdin(warn: (text: string) => void): Promise<string>;
  /** Closes what was opened, when all have ended. */
  close(): Promise<void>;
}

export interface RunResourcesOptions {
  files: readonly string[];
  options: RunOptions;
  proc: CliProcess;
  colors: Colors;
  signal: AbortSignal;
}

export function createRunResources({ files, options, proc, colors, signal }: RunResourcesOptions): RunResources {
  const isStdinNarrative = files.length > 1 && files.includes('-');
  let opened: Promise<RunQuota> | undefined;
  return {
    loadSettings: once(() => loadSettings(options, proc, colors)),
    openStateDatabase: once(openStateDatabase),
    openQuota(quotaOptions) {
      opened ??= openQuota(quotaOptions);
      return opened;
    },
    budgetLedger: createBudgetLedger(),
    readStdin: once((warn) =>
      isStdinNarrative ? Promise.reject(stdinTakenError()) : readStdinText(proc, { signal, warn }),
    ),
    async close() {
      await (await opened?.catch(() => undefined))?.limiter.close?.();
    },
  };
}

/** Does the work at the first call, with what that was given, and hands its result to every later one. */
function once<Args extends unknown[], Result>(work: (...args: Args) => Result): (...args: Args) => Result {
  let cached: { result: Result } | undefined;
  return (...args) => {
    cached ??= { result: work(...args) };
    return cached.result;
  };
}

function stdinTakenError(): BoticelliError {
  return new BoticelliError('no_input', 'the narrative uses {{stdin}}, and standard input is a narrative itself', {
    hint: 'Run the two one after another, or put that narrative into a file.',
  });
}
