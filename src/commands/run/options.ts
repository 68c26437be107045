import type { SettingsFlagOptions } from '../../cli/common-options.js';
import type { VariableOptions } from '../../cli/variables/given-variables.js';
import type { ServiceTier } from '../../facts/service-tiers.js';

/**
 * `k/n`: the rows whose number modulo n is k - 1. Rows are numbered from 1, so 2/5 means rows 1, 6, 11 and so on, and
 * 1/5 means rows 5, 10, 15 and so on.
 */
export interface Shard {
  k: number;
  n: number;
}

/** The options of `boticelli run`. Durations are in milliseconds. */
export interface RunOptions extends SettingsFlagOptions, VariableOptions {
  /** The model of every act. */
  model?: string;
  stream?: boolean;
  temperature?: number;
  maxTokens?: number;
  output: 'text' | 'json' | 'ndjson';
  /** The maximum number of calls in flight, over acts, narratives and rows. Default 1, with `each` 4. */
  jobs?: number;
  /** The source of rows: run the narrative once for each row. */
  each?: string;
  /** Keys and their values, such as `model=a,b`: run every combination of the values. */
  matrix?: string[];
  /** With `each` or `matrix`: the file for results. */
  results?: string;
  /** With `each`: the file for failed rows. */
  failed?: string;
  /** With `each` or `matrix`: start no further run after this many failures. */
  maxFailures?: number;
  /** With `each`: run only the rows of this shard. */
  shard?: Shard;
  /** The names of the acts whose replies are printed. */
  only?: string[];
  last?: boolean;
  outDir?: string;
  quiet?: boolean;
  verbose?: boolean;
  /** The time limit of one attempt. Default: 5 minutes, and 15 in the flex tier. */
  timeout?: number;
  idleTimeout: number;
  retries: number;
  /** False for `--no-rate-limit`. */
  rateLimit?: boolean;
  maxWait?: number;
  /** The service tier of acts that name none. */
  serviceTier?: ServiceTier;
  /** Show summaries of the models' thoughts. */
  thoughts?: boolean;
  /** Use the Live API for models that also support REST. */
  live?: boolean;
  resume?: boolean;
  /** With `resume`: the first act to request again. */
  from?: string;
  /** The recording to write. */
  record?: string;
  /** The recording that replies are taken from. */
  replay?: string;
  /** The file that a Markdown summary is appended to. */
  summary?: string;
  /** The file that a JUnit report is written to. */
  junit?: string;
  /** The highest cost of all narratives together, in US dollars. */
  maxCost?: number;
  rehearse?: boolean;
  showPrompts?: boolean;
  /** Whether standard input may be empty if the narrative uses it. */
  allowEmpty?: boolean;
  /** Let replies, standard input and rows choose media files in any folder, and media URLs with any host. */
  allowOutside?: boolean;
  strict?: boolean;
}

/**
 * Whether prompts are printed. Without `showPrompts`, only a rehearsal prints them, because it has nothing else to
 * show. It does not print them with `quiet`, nor with `each` or `matrix`, which may mean many runs.
 */
export function showsPrompts({ showPrompts, rehearse, quiet, each, matrix }: RunOptions): boolean {
  return showPrompts ?? (rehearse === true && !quiet && each === undefined && !matrix);
}
