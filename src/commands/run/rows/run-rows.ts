import { setMaxListeners } from 'node:events';
import { CommandFailure } from '../../../cli/command-failure.js';
import type { CliProcess } from '../../../cli/process.js';
import { listenForShutdown } from '../../../cli/shutdown.js';
import { type BoticelliError, toBoticelliError, toErrorReport } from '../../../errors.js';
import type { CiReports } from '../ci/ci-reports.js';
import { createRowsSuite, type RowsSuite } from '../ci/rows-suite.js';
import type { RunOptions } from '../options.js';
import { createResumeHint } from '../resume-command.js';
import { shortlyAfterAbort } from '../run-narrative-file.js';
import { createRunResources } from '../shared-resources.js';
import { executeTasks } from './execute-tasks.js';
import { openRowsRun } from './open-rows-run.js';
import { openRowsView, type RowsView } from './rows-view.js';

/**
 * `boticelli run --each` and `--matrix`: runs one narrative for each row and combination, up to `--jobs` in parallel.
 * All of them share one process, one stack of driver layers and one quota.
 *
 * @throws CommandFailure with the reason that ended the run, or else the error of the failed row with the lowest number
 */
export async function runRows(
  files: readonly string[],
  options: RunOptions,
  proc: CliProcess,
  ciReports: CiReports | undefined,
): Promise<void> {
  const [file = ''] = files;
  const suite = ciReports && createRowsSuite(file);
  const shutdown = listenForShutdown(proc);
  const { signal } = shutdown;
  // Every row adds listeners to the signal. By default, Node warns of a leak above ten.
  setMaxListeners(0, signal);
  const view = withSuite(await openRowsView({ options, proc, shutdown }), suite);
  const { colors } = view;
  const resources = createRunResources({ files, options, proc, colors, signal });
  const writeReports = (ended: Parameters<RowsSuite['finish']>[0], hasFailed: boolean) =>
    // If the run has already failed, a report that can't be written causes only a warning, and no error.
    suite && ciReports?.write([suite.finish(ended)], hasFailed ? view.warn : undefined);
  try {
    const rowsRun = await openRowsRun({ file, options, proc, signal, view, resources }).catch((thrown) => {
      writeReports({ name: file, failure: toBoticelliError(thrown) }, true);
      throw thrown;
    });
    const executed = await executeTasks(rowsRun, { options, signal, view });
    // `close` stores how the run ended, and returns the outcome, with the error if closing fails. After an abort, the
    // command waits only briefly for `close`, and may go on with the outcome from before it.
    const outcome = (await Promise.race([rowsRun.close(executed), shortlyAfterAbort(signal)])) ?? executed;
    await view.stdout.flush();
    const stopError: BoticelliError | undefined = signal.aborted ? toBoticelliError(signal.reason) : outcome.stopError;
    const failure = stopError ?? outcome.firstFailure;
    const isResumable = failure !== undefined && rowsRun.persistence.isResumable;
    view.finish({
      unfinished: outcome.unfinished,
      ...(stopError && { error: toErrorReport(stopError) }),
      ...(isResumable && { resumeHint: createResumeHint(proc, resources.hasReadStdinText()) }),
    });
    writeReports({ name: rowsRun.name, outcome, failure: stopError }, failure !== undefined);
    if (failure) throw new CommandFailure(failure, { isReported: true });
  } finally {
    view.close();
    await resources.close();
    shutdown.stopListening();
  }
}

/** Returns a view that also adds every row to the suite. If there is no suite, returns the view as it is. */
function withSuite(view: RowsView, suite: RowsSuite | undefined): RowsView {
  if (!suite) return view;
  return {
    ...view,
    addReusedRow(task) {
      suite.addReusedRow(task);
      view.addReusedRow(task);
    },
    endRow(task, source, report) {
      suite.addRow(task, report);
      view.endRow(task, source, report);
    },
  };
}
