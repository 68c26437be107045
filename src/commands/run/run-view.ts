import { basename } from 'node:path';
import type { CliProcess } from '../../cli/process.js';
import type { Shutdown } from '../../cli/shutdown.js';
import type { RunReport } from '../../executor/narrative-events.js';
import { formatError } from '../../terminal/diagnostics/format-error.js';
import { createIsFirstCall } from '../../terminal/progress/progress.js';
import { type FinishedRun, formatSummary } from '../../terminal/progress/summary.js';
import { openNarrativeView } from './narrative-view.js';
import type { RunOptions } from './options.js';
import { createReplyOutputs } from './reply-outputs.js';
import { getColumns, openScreen } from './screen.js';

interface RunViewOptions {
  /** The narrative files, as given on the command line. */
  files: readonly string[];
  options: RunOptions;
  proc: CliProcess;
  shutdown: Shutdown;
}

/** Opens the output of a command: replies on standard output, progress on standard error, files in `--out-dir`. */
export async function openRunView({ files, options, proc, shutdown }: RunViewOptions) {
  const labels = createLabels(files);
  const screen = await openScreen({ options, proc, shutdown });
  const { stdout, colors, stderrWriter, hasSpinner, isPipeClosed } = screen;
  const createReplies = createReplyOutputs(options, stderrWriter.keepReplyLinesWhole(stdout), labels.length);
  const reportedKeys = new Set<string>();
  const shared = {
    ...{ labels, options, stderrWriter, colors, stdout, createReplies, hasSpinner, isPipeClosed },
    // Shared by all narratives, so that only the first wait for a guessed limit is explained.
    isFirstGuessedLimit: createIsFirstCall(),
  };
  return {
    /** The colours of standard error. */
    colors,
    labels,
    /** Opens the view of one narrative, by its position among the arguments. Call it once for each. */
    openNarrativeView: (narrativeIndex: number) => openNarrativeView({ narrativeIndex, ...shared }),
    /**
     * If there are several narratives, prints the error of the one with this index, if it failed. Does nothing if the
     * same error was already printed or the command was interrupted. The error of a single narrative is printed when
     * the command ends.
     */
    reportFailure(index: number, { error }: RunReport) {
      if (labels.length === 1 || !error || shutdown.signal.aborted) return;
      const key = `${error.act} ${error.message}`;
      const act = [labels[index], error.act].filter((part) => part !== undefined).join(': ');
      if (!reportedKeys.has(key))
        stderrWriter.writeLine(formatError({ ...error, act }, colors, getColumns(proc)).trimEnd());
      reportedKeys.add(key);
    },
    /** If there are several narratives, prints how each one ended. */
    printSummary(reports: readonly RunReport[]) {
      if (labels.length === 1 || options.quiet || isPipeClosed()) return;
      const endedRuns = reports.map((report, index): FinishedRun => ({ name: labels[index] ?? '', report }));
      for (const line of formatSummary(endedRuns, { colors, columns: getColumns(proc) })) stderrWriter.writeLine(line);
    },
    /** Removes the spinner. */
    close: screen.close,
  };
}

/**
 * Creates the labels of narratives, used in progress lines and as folder names in `--out-dir`. A label is the file name
 * without `.toml`, or `stdin`, plus a number if that is taken. Labels depend only on the command-line arguments,
 * so that a command that is repeated writes to the same folders.
 *
 * The file name `...toml` stays whole: without `.toml` it would be `..`, which leads out of the folder.
 */
function createLabels(files: readonly string[]): string[] {
  const used = new Set<string>();
  return files.map((file) => {
    const name = basename(file);
    const stemOfName = name.replace(/\.toml$/i, '');
    const stem = file === '-' ? 'stdin' : /^\.{0,2}$/.test(stemOfName) ? name : stemOfName;
    let label = stem;
    for (let number = 2; used.has(label); number += 1) label = `${stem}-${number}`;
    used.add(label);
    return label;
  });
}
