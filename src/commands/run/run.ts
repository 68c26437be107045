import { setMaxListeners } from 'node:events';
import type { Failure } from '../../cli/failure.js';
import type { SettingsFlagOptions } from '../../cli/load-settings.js';
import type { CliProcess } from '../../cli/process.js';
import { listenForShutdown } from '../../cli/shutdown.js';
import { BoticelliError, toBoticelliError } from '../../errors.js';
import { createNarrativeLabels } from './narrative-labels.js';
import { assertRecordingFlags } from './recording.js';
import { assertResumeFlags, formatResumeHint } from './resume-command.js';
import { type NarrativeRun, runNarrativeFile } from './run-narrative-file.js';
import { openRunView } from './run-view.js';
import { createRunResources } from './shared-resources.js';

/** The flags of `boticelli run`. Durations are in milliseconds. */
export interface RunOptions extends SettingsFlagOptions {
  model?: string;
  stream?: boolean;
  /** Values of `--var`, by name. */
  var?: ReadonlyMap<string, string>;
  temperature?: number;
  maxTokens?: number;
  output: 'text' | 'json' | 'ndjson';
  /** How many narratives run at once. Default 1. */
  jobs?: number;
  only?: string[];
  last?: boolean;
  outDir?: string;
  quiet?: boolean;
  verbose?: boolean;
  timeout: number;
  idleTimeout: number;
  retries: number;
  resume?: boolean;
  /** With `resume`: the act from which on everything is asked again. */
  from?: string;
  /** The file that every answer is kept in. */
  record?: string;
  /** The recording that answers. */
  replay?: string;
  rehearse?: boolean;
  /** Whether models that can do both are asked over the Live API. */
  live?: boolean;
  strict?: boolean;
  maxWait?: number;
  /** False is `--no-rate-limit`. */
  rateLimit?: boolean;
  /** The most that all narratives together may cost, in US dollars. */
  maxCost?: number;
}

/**
 * `boticelli run`: plays narratives, so many at once as the flags say. What happens on the way is told on the host's streams;
 * how the first of them failed, if one did, is handed back.
 */
export async function run(files: string[], options: RunOptions, proc: CliProcess): Promise<Failure | undefined> {
  assertSingleStdin(files);
  assertResumeFlags(options);
  assertRecordingFlags(options, files.length);
  const shutdown = listenForShutdown(proc);
  const { signal } = shutdown;
  // Every narrative listens, and more than ten of them look like a leak to Node.
  setMaxListeners(0, signal);
  const view = await openRunView({ labels: createNarrativeLabels(files), options, proc, shutdown });
  const { colors } = view;
  const resources = createRunResources({ files, options, proc, colors, signal });
  try {
    const runs = await mapConcurrently(files, options.jobs ?? 1, async (file, index) => {
      const narrativeRun = await runNarrativeFile({
        file,
        options,
        proc,
        colors,
        signal,
        view: view.openNarrativeView(index),
        resources,
      });
      view.reportFailure(index, narrativeRun.report);
      return narrativeRun;
    });
    view.printSummary(runs.map(({ report }) => report));
    // Standard output may have failed, or a signal come, after the last act had its reply.
    return findFailure(runs, proc, signal.aborted ? toBoticelliError(signal.reason) : undefined);
  } finally {
    view.close();
    await resources.close();
    shutdown.stopListening();
  }
}

/** Does the work for each, in their order, for so many of them at once. */
async function mapConcurrently<Item, Result>(
  items: readonly Item[],
  concurrency: number,
  work: (item: Item, index: number) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const queue = items.entries();
  const worker = async () => {
    for (const [index, item] of queue) results[index] = await work(item, index);
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, worker));
  return results;
}

/** The failure of the first narrative that failed, or what ended them all. */
function findFailure(
  runs: readonly NarrativeRun[],
  proc: CliProcess,
  interruption: BoticelliError | undefined,
): Failure | undefined {
  const first = runs.find(({ report }) => report.failure)?.report;
  const error = interruption ?? first?.failure;
  if (!error) return undefined;
  const isReported = runs.length > 1 && interruption === undefined;
  const act = runs.length > 1 ? undefined : first?.error?.act;
  const resumeHint = runs.some(({ isResumable }) => isResumable) ? formatResumeHint(proc) : undefined;
  return { error, isReported, ...(act !== undefined && { act }), ...(resumeHint !== undefined && { resumeHint }) };
}

function assertSingleStdin(files: readonly string[]): void {
  if (files.filter((file) => file === '-').length < 2) return;
  throw new BoticelliError('usage', '- stands for standard input, which can be read only once', {
    hint: 'Name it once, and the other narratives by their files.',
  });
}
