import { setMaxListeners } from 'node:events';
import { CommandFailure } from '../../cli/command-failure.js';
import type { CliProcess } from '../../cli/process.js';
import { listenForShutdown } from '../../cli/shutdown.js';
import { createWarn } from '../../cli/stderr.js';
import { getWorkingFolder } from '../../cli/working-folder.js';
import { type BoticelliError, toBoticelliError } from '../../errors.js';
import { assertActsAndVariablesExist } from './assert-acts-and-variables-exist.js';
import { assertFlags } from './assert-flags.js';
import { createActSuite } from './ci/act-suite.js';
import type { RunOptions } from './options.js';
import { createResumeHint } from './resume-command.js';
import { type NarrativeRun, runNarrativeFile } from './run-narrative-file.js';
import { openRunView } from './run-view.js';
import { createRunResources } from './shared-resources.js';

/**
 * `boticelli run`: runs up to `--jobs` narratives in parallel, which together have up to `--jobs` calls in flight.
 *
 * @throws CommandFailure with the error of the first narrative that failed, or with the reason that ended all of them
 */
export async function run(files: string[], options: RunOptions, proc: CliProcess): Promise<void> {
  assertFlags(files, options);
  const ciReports = await openCiReports(files, options, proc);
  if (options.each !== undefined || options.matrix)
    return (await import('./rows/run-rows.js')).runRows(files, options, proc, ciReports);
  const shutdown = listenForShutdown(proc);
  const { signal } = shutdown;
  // Every narrative adds a listener to the signal. By default, Node warns of a leak above ten listeners.
  setMaxListeners(0, signal);
  const view = await openRunView({ files, options, proc, shutdown });
  const { colors } = view;
  const resources = createRunResources({ files, options, proc, colors, signal });
  try {
    if (files.length > 1) await assertActsAndVariablesExist(files, options, resources, signal);
    const runs = await mapConcurrently(files, resources.jobs, async (file, index) => {
      const context = { file, options, proc, colors, signal, view: view.openNarrativeView(index), resources };
      const narrativeRun = await runNarrativeFile(context);
      view.reportFailure(index, narrativeRun.report);
      return narrativeRun;
    });
    view.printSummary(runs.map(({ report }) => report));
    // After the last reply, standard output may have failed or a signal may have arrived.
    const interruption = signal.aborted ? toBoticelliError(signal.reason) : undefined;
    const hasFailed = interruption !== undefined || runs.some(({ report }) => report.failure);
    const suiteOptions = runs.map((narrativeRun, index) => ({
      ...narrativeRun,
      file: files[index] ?? '',
      label: view.labels[index] ?? '',
    }));
    // After a failure, a report that can't be written is only a warning: the exit code is that of the failure.
    ciReports?.write(suiteOptions.map(createActSuite), hasFailed ? createWarn(proc, colors) : undefined);
    throwIfFailed(runs, interruption, () => createResumeHint(proc, resources.hasReadStdinText()));
  } finally {
    view.close();
    await resources.close();
    shutdown.stopListening();
  }
}

/** Opens `--summary` and `--junit`, if they are given. The code for them is loaded only then. */
async function openCiReports(files: readonly string[], options: RunOptions, proc: CliProcess) {
  if (options.summary === undefined && options.junit === undefined) return undefined;
  const { openCiReports: open } = await import('./ci/ci-reports.js');
  return open(files, options, getWorkingFolder(proc));
}

/** Maps the items with up to `concurrency` calls of `work` at a time, which start in the order of the items. */
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

function throwIfFailed(
  runs: readonly NarrativeRun[],
  interruption: BoticelliError | undefined,
  createHint: () => string,
): void {
  const { failure: firstError, error: firstErrorJson } = runs.find(({ report }) => report.failure)?.report ?? {};
  const error = interruption ?? firstError;
  if (!error) return;
  const act = runs.length > 1 ? undefined : firstErrorJson?.act;
  const isResumable = runs.some((narrativeRun) => narrativeRun.isResumable);
  throw new CommandFailure(error, {
    isReported: runs.length > 1 && interruption === undefined,
    ...(act !== undefined && { act }),
    ...(isResumable && { resumeHint: createHint() }),
  });
}
