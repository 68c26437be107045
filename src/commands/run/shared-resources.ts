import { loadSettings } from '../../cli/load-settings.js';
import type { CliProcess } from '../../cli/process.js';
import { readStdinText } from '../../cli/stdin.js';
import type { Settings } from '../../config/settings.js';
import { type BudgetLedger, createBudgetLedger } from '../../driver/layers/budget-ledger.js';
import { BoticelliError } from '../../errors.js';
import type { Colors } from '../../terminal/text/colors.js';
import { once } from '../../util/once.js';
import { type OpenStateDatabaseOptions, openStateDatabase, type StateDatabase } from '../resources/open-database.js';
import { type OpenQuotaOptions, openQuota, type RunQuota } from '../resources/open-quota.js';
import type { RunOptions } from './options.js';

/** The resources that all narratives of a command share. Each is opened on first use. */
export interface RunResources {
  loadSettings(): Promise<Settings>;
  openStateDatabase(options: OpenStateDatabaseOptions): Promise<StateDatabase>;
  openQuota(options: OpenQuotaOptions): Promise<RunQuota>;
  /** The spending that `--max-cost` limits. */
  budgetLedger: BudgetLedger;
  /** Returns the text of `{{stdin}}`. Warns on the first call if it is empty. */
  readStdin(warn: (text: string) => void): Promise<string>;
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
  let openedQuota: Promise<RunQuota> | undefined;
  return {
    loadSettings: once(() => loadSettings(options, proc, colors)),
    openStateDatabase: once(openStateDatabase),
    openQuota(quotaOptions) {
      openedQuota ??= openQuota(quotaOptions);
      return openedQuota;
    },
    budgetLedger: createBudgetLedger(),
    readStdin: once((warn) =>
      isStdinNarrative ? Promise.reject(createStdinTakenError()) : readStdinText(proc, { signal, warn }),
    ),
    async close() {
      await (await openedQuota?.catch(() => undefined))?.limiter.close?.();
    },
  };
}

function createStdinTakenError(): BoticelliError {
  return new BoticelliError('no_input', 'the narrative uses {{stdin}}, but standard input is another narrative', {
    hint: 'Run the narratives separately, or save the other one to a file.',
  });
}
