import { toOutputError } from '../../cli/output.js';
import type { CliProcess } from '../../cli/process.js';
import type { Shutdown } from '../../cli/shutdown.js';
import { createStderrSpinner } from '../../cli/stderr.js';
import { Interrupted } from '../../errors.js';
import type { RunReport } from '../../executor/narrative-events.js';
import { formatError } from '../../terminal/diagnostics/format-error.js';
import { createOutput, type Output } from '../../terminal/output.js';
import { createStderrWriter, type StderrWriter } from '../../terminal/progress/stderr-writer.js';
import { type FinishedRun, formatSummary } from '../../terminal/progress/summary.js';
import { type Colors, createColors } from '../../terminal/text/colors.js';
import { type NarrativeView, openNarrativeView } from './narrative-view.js';
import type { RunOptions } from './options.js';
import { createReplyOutputs } from './reply-outputs.js';

/** The output of a command: replies on standard output, progress on standard error, files in `--out-dir`. */
export interface RunView {
  /** The colours of standard error. */
  colors: Colors;
  /** Opens the view of one narrative, by its position among the arguments. Call it once for each. */
  openNarrativeView(index: number): NarrativeView;
  /** With several narratives, prints the error of one, unless another had the same or the command was interrupted. */
  reportFailure(index: number, report: RunReport): void;
  /** With several narratives, prints how each ended. */
  printSummary(reports: readonly RunReport[]): void;
  /** Removes the spinner. */
  close(): void;
}

export interface RunViewOptions {
  /** The labels of the narratives. */
  labels: readonly string[];
  options: RunOptions;
  proc: CliProcess;
  shutdown: Shutdown;
}

export async function openRunView({ labels, options, proc, shutdown }: RunViewOptions): Promise<RunView> {
  const stdout = createOutput({ stream: proc.stdout, onFailure: (error) => shutdown.abort(toOutputError(error)) });
  const colors = await createColors(proc.stderr);
  const { lines, showsCountdown } = await openLines({ options, proc, stdout });
  // Also after Ctrl-C, and after a bug that ends the process.
  shutdown.signal.addEventListener('abort', lines.stopSpinner);
  proc.on('uncaughtExceptionMonitor', lines.stopSpinner);
  const createReplies = createReplyOutputs({ options, output: lines.wrapReplies(stdout), count: labels.length });
  const isPipeClosed = () =>
    shutdown.signal.reason instanceof Interrupted && shutdown.signal.reason.signal === 'SIGPIPE';
  const reportedKeys = new Set<string>();
  return {
    colors,
    openNarrativeView: (index) =>
      openNarrativeView({
        narrativeIndex: index,
        labels,
        options,
        lines,
        colors,
        stdout,
        createReplies,
        showsCountdown,
        isPipeClosed,
      }),
    reportFailure(index, { error }) {
      if (labels.length === 1 || !error || shutdown.signal.aborted) return;
      const key = `${error.act} ${error.message}`;
      const act = [labels[index], error.act].filter((part) => part !== undefined).join(': ');
      if (!reportedKeys.has(key)) lines.writeLine(formatError({ ...error, act }, colors, getColumns(proc)).trimEnd());
      reportedKeys.add(key);
    },
    printSummary(reports) {
      if (labels.length === 1 || options.quiet || isPipeClosed()) return;
      const endedRuns = reports.map((report, index): FinishedRun => ({ name: labels[index] ?? '', report }));
      for (const line of formatSummary(endedRuns, { colors, columns: getColumns(proc) })) lines.writeLine(line);
    },
    close() {
      lines.stopSpinner();
      proc.off('uncaughtExceptionMonitor', lines.stopSpinner);
    },
  };
}

async function openLines({ options, proc, stdout }: { options: RunOptions; proc: CliProcess; stdout: Output }) {
  const output = createOutput({ stream: proc.stderr, onFailure: () => {} });
  const spinner = options.quiet ? undefined : await createStderrSpinner(proc);
  const sharesScreen = stdout.isTerminal && output.isTerminal;
  const lines: StderrWriter = createStderrWriter({
    output,
    sharesScreen,
    columns: () => getColumns(proc),
    ...(spinner && { spinner }),
  });
  return { lines, showsCountdown: spinner !== undefined };
}

function getColumns({ stderr }: CliProcess): number | undefined {
  return stderr.isTTY ? stderr.columns : undefined;
}
