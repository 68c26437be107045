import { loadAllowedFolder, loadSettings } from '../../cli/load-settings.js';
import type { CliProcess } from '../../cli/process.js';
import { createWarn } from '../../cli/stderr.js';
import { readStdinNarrative, readStdinText } from '../../cli/stdin.js';
import { readGivenVariables } from '../../cli/variables/given-variables.js';
import { createBudgetLedger } from '../../driver/layers/budget-ledger.js';
import { BoticelliError } from '../../errors.js';
import { createCallLimiter } from '../../executor/scheduler.js';
import { readNarrativeContent } from '../../narrative/load-narrative.js';
import type { Colors } from '../../terminal/text/colors.js';
import { once } from '../../util/once.js';
import { openStateDatabase } from '../resources/open-database.js';
import { type OpenQuotaOptions, openQuota, type RunQuota } from '../resources/open-quota.js';
import type { RunOptions } from './options.js';

/** The resources that all narratives of a command share. */
export type RunResources = ReturnType<typeof createRunResources>;

/** The default of `--jobs` with `--each`. */
const defaultRowJobs = 4;

interface RunResourcesOptions {
  files: readonly string[];
  options: RunOptions;
  proc: CliProcess;
  colors: Colors;
  signal: AbortSignal;
}

/** Creates the shared resources. Each is opened on first use. */
export function createRunResources({ files, options, proc, colors, signal }: RunResourcesOptions) {
  // If one of several narratives is read from standard input, none of them can use {{stdin}}.
  const isStdinOneOfNarratives = files.length > 1 && files.includes('-');
  let openedQuota: Promise<RunQuota> | undefined;
  let hasReadStdinText = false;
  const readStdinContent = once((warn: (text: string) => void) => readStdinNarrative(proc, { signal, warn }));
  const { allowEmpty = false, each, jobs = each === undefined ? 1 : defaultRowJobs } = options;
  return {
    /** The maximum number of calls in flight, and so of narratives or rows that run in parallel. */
    jobs,
    /** Limits the calls in flight; undefined if acts, narratives and rows run one after another. */
    callLimiter: jobs > 1 ? createCallLimiter(jobs) : undefined,
    /** Returns the variables from the command line. @throws BoticelliError if a file with variables can't be used */
    readVariables: once(() => readGivenVariables(options)),
    /** Reads the content of a narrative file, or of standard input for `-`. @throws BoticelliError `no_input` */
    readContent: async (file: string, warn = createWarn(proc, colors)) =>
      file === '-' ? readStdinContent(warn) : readNarrativeContent(file),
    /**
     * Returns the only folder from which narratives may read files, or undefined if they may read any file.
     * @throws BoticelliError `invalid_config`
     */
    findAllowedFolder: once(() => loadAllowedFolder(options, proc, colors)),
    /** Returns the settings. Their warnings go to the `warn` of the first call. */
    loadSettings: once((warn: (text: string) => void) => loadSettings(options, proc, colors, warn)),
    openStateDatabase: once(openStateDatabase),
    openQuota(quotaOptions: OpenQuotaOptions): Promise<RunQuota> {
      openedQuota ??= openQuota(quotaOptions);
      return openedQuota;
    },
    /** The spending of all narratives, which `--max-cost` limits. */
    budgetLedger: createBudgetLedger(),
    /**
     * Returns the text of `{{stdin}}`.
     *
     * @throws BoticelliError `no_input` if standard input is one of several narratives, can't be read or, without
     *   `--allow-empty`, is empty
     */
    readStdin: once(async (warn: (text: string) => void) => {
      if (isStdinOneOfNarratives) throw createStdinTakenError();
      hasReadStdinText = true;
      return readStdinText(proc, { signal, warn, allowEmpty });
    }),
    /** Whether `readStdin` has read standard input. */
    hasReadStdinText: () => hasReadStdinText,
    async close() {
      await (await openedQuota?.catch(() => undefined))?.limiter.close?.();
    },
  };
}

function createStdinTakenError(): BoticelliError {
  return new BoticelliError('no_input', 'the narrative uses {{stdin}}, but standard input is another narrative', {
    hint: 'Run the narratives separately, or save the narrative on standard input to a file.',
  });
}
