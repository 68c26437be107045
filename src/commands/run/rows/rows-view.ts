import type { CliProcess } from '../../../cli/process.js';
import type { Shutdown } from '../../../cli/shutdown.js';
import { addCosts } from '../../../driver/cost.js';
import type { ErrorCode, ErrorReport } from '../../../errors.js';
import type { ActDetail } from '../../../executor/acts/act-details.js';
import type { NarrativeEvent, RunReport } from '../../../executor/narrative-events.js';
import type { RowSource } from '../../../rows/row.js';
import { formatError, formatErrorMessage, indentResumeHint } from '../../../terminal/diagnostics/format-error.js';
import { formatGuess, minReportedWaitMs } from '../../../terminal/progress/format-events.js';
import { createIsFirstCall, createProgress } from '../../../terminal/progress/progress.js';
import { createRowWaits, type RowWaits } from '../../../terminal/progress/row-waits.js';
import {
  createRateMeter,
  formatRowsProgress,
  formatRowsSummary,
  type RowCounts,
} from '../../../terminal/progress/rows-progress.js';
import { toPrintableLine } from '../../../terminal/text/printable.js';
import { type RunOptions, showsPrompts } from '../options.js';
import { getColumns, openScreen, type Screen } from '../screen.js';
import { getTaskName, type RowTask } from './row-task.js';

/** The outputs of a run with `--each` or `--matrix`, and its counts. */
export type RowsView = Awaited<ReturnType<typeof openRowsView>>;

interface RowsViewOptions {
  options: RunOptions;
  proc: CliProcess;
  shutdown: Shutdown;
}

/** The maximum number of failed rows that have a line each. All of them are counted in the summary. */
const maxFailureLines = 20;

/** The minimum time between two progress lines, which are written if there is no spinner. */
const progressIntervalMs = 30_000;

/** Opens the output of a run with `--each` or `--matrix`. */
export async function openRowsView({ options, proc, shutdown }: RowsViewOptions) {
  const screen = await openScreen({ options, proc, shutdown });
  const { stdout, colors, stderrWriter, isPipeClosed } = screen;
  const unit = options.matrix ? 'run' : 'row';
  const counts: MutableCounts = {
    unit,
    total: undefined,
    completed: 0,
    completedEarlier: 0,
    failures: new Map(),
    costUsd: 0,
  };
  return {
    colors,
    stdout: stderrWriter.keepReplyLinesWhole(stdout),
    counts,
    warn: (text: string) => stderrWriter.writeLine(toPrintableLine(`boticelli: warning: ${text}`), colors.warning),
    printLines: (lines: string) => stderrWriter.writeLine(lines),
    /** Writes the heading of a reply. */
    writeHeading: (text: string) => options.quiet || stderrWriter.writeLine(toPrintableLine(text), colors.heading),
    ...createRowReporter({ ...screen, options }, counts),
    /** Writes how the run ended: the reason why it stopped early, how to go on, and the summary as the last line. */
    finish({ error, resumeHint, unfinished }: { error?: ErrorReport; resumeHint?: string; unfinished: number }) {
      // Removes the progress line. `start` has set it with `counts` as its owner.
      stderrWriter.setStatus(counts, undefined);
      stderrWriter.stopSpinner();
      if (isPipeClosed()) return;
      if (error) stderrWriter.writeLine(formatError(error, colors, getColumns(proc)).trimEnd());
      if (resumeHint !== undefined) stderrWriter.writeLine(indentResumeHint(resumeHint).trimEnd());
      if (!options.quiet || counts.failures.size > 0 || error)
        stderrWriter.writeLine(formatRowsSummary(counts, unfinished));
    },
    close: screen.close,
  };
}

/** Shows the events of a row, and its prompts if prompts are shown. */
interface RowListener {
  onEvent(event: NarrativeEvent): void;
  onDetail(detail: ActDetail): void;
}

interface RowScreen extends Screen {
  options: RunOptions;
}

type MutableCounts = { -readonly [Name in keyof RowCounts]: RowCounts[Name] } & { failures: Map<ErrorCode, number> };

/** Creates the functions that count rows and report how each one ends. */
function createRowReporter(screen: RowScreen, counts: MutableCounts) {
  const { options, colors, stderrWriter, hasSpinner, isPipeClosed } = screen;
  const { quiet = false, verbose = false } = options;
  const meter = createRateMeter(Date.now);
  const waits = createRowWaits(Date.now);
  const formatProgress = () => formatRowsProgress(counts, meter, waits.findStandstill());
  const reportProgress = createProgressReporter(screen, formatProgress);
  // Shared by all rows, so that only the first wait for a guessed limit is explained.
  const isFirstGuessedLimit = createIsFirstCall();
  const reportWait = createWaitReporter(screen, { waits, isFirstGuessedLimit }, reportProgress);
  const reportFailure = createFailureReporter(screen, counts.unit);
  return {
    /** Shows the progress line. @param total the number of tasks, if it is known */
    start(total: number | undefined) {
      counts.total = total;
      if (!quiet) stderrWriter.setStatus(counts, () => ({ text: formatProgress() }));
    },
    /** Creates the listener to the events of a row. It writes warnings, and with --verbose every event. */
    createListener(label: string): RowListener {
      const progress = createProgress({
        ...{ stderr: stderrWriter, colors, hasSpinner, isFirstGuessedLimit, now: Date.now },
        ...{ label, verbosity: verbose ? 'verbose' : 'quiet', showsPrompts: showsPrompts(options) },
      });
      const trackWait = waits.createListener();
      const onEvent = (event: NarrativeEvent) => {
        trackWait(event);
        reportWait(event);
        if (event.type === 'act-end') meter.addRequests(event.attempts);
        // `endRow` reports how a row ended.
        if (isPipeClosed() || event.type === 'narrative-end') return;
        progress.writeThoughts(event);
        progress.onEvent(event);
      };
      return { onEvent, onDetail: (actDetail) => isPipeClosed() || progress.onDetail(actDetail) };
    },
    /** Counts a row whose result an earlier command has written. */
    addReusedRow(_: RowTask) {
      counts.completed += 1;
      counts.completedEarlier += 1;
    },
    /** Counts a row that has ended, and reports a failure. */
    endRow(task: RowTask, source: RowSource, { status, error, costUsd }: RunReport) {
      meter.addRow();
      if (costUsd !== undefined || status === 'completed') counts.costUsd = addCosts(counts.costUsd, costUsd);
      if (status === 'completed') counts.completed += 1;
      else if (error) {
        counts.failures.set(error.code, (counts.failures.get(error.code) ?? 0) + 1);
        reportFailure(`${getTaskName(task, source)}: ${formatErrorMessage(error)}`);
      }
      reportProgress();
    },
  };
}

/** Creates a function that writes a line for each of the first failed rows. */
function createFailureReporter(
  { colors, stderrWriter, isPipeClosed }: RowScreen,
  unit: RowCounts['unit'],
): (text: string) => void {
  let count = 0;
  return (text) => {
    count += 1;
    if (isPipeClosed() || count > maxFailureLines + 1) return;
    const line = count <= maxFailureLines ? text : `further failed ${unit}s are only counted`;
    stderrWriter.writeLine(toPrintableLine(`boticelli: ${line}`), colors.warning);
  };
}

/**
 * Creates a listener that writes a progress line the first time that all acts in progress wait, and explains the first
 * wait for a guessed limit.
 */
function createWaitReporter(
  { options: { quiet, verbose }, colors, stderrWriter, isPipeClosed }: RowScreen,
  { waits, isFirstGuessedLimit }: { waits: RowWaits; isFirstGuessedLimit: () => boolean },
  reportProgress: (isUrgent: boolean) => void,
): (event: NarrativeEvent) => void {
  const isFirstStandstill = createIsFirstCall();
  return (event) => {
    // With --verbose, every wait has its own line.
    if (quiet || verbose || isPipeClosed() || (event.type !== 'act-wait' && event.type !== 'act-end')) return;
    if (waits.findStandstill() && isFirstStandstill()) reportProgress(true);
    const guess = event.type === 'act-wait' && event.waitMs >= minReportedWaitMs ? formatGuess(event) : undefined;
    if (guess !== undefined && isFirstGuessedLimit())
      stderrWriter.writeLine(toPrintableLine(`${event.model}: ${guess}`), colors.dim);
  };
}

/**
 * Creates a function to call at each change of the progress. It writes a progress line if the last one is at least
 * `progressIntervalMs` old, or if the change is urgent. It writes none if a spinner shows the progress.
 */
function createProgressReporter(
  { options, colors, stderrWriter, hasSpinner, isPipeClosed }: RowScreen,
  format: () => string,
) {
  let writtenAt = Date.now();
  return (isUrgent = false) => {
    if (hasSpinner || options.quiet || isPipeClosed()) return;
    if (!isUrgent && Date.now() - writtenAt < progressIntervalMs) return;
    writtenAt = Date.now();
    stderrWriter.writeLine(format(), colors.dim);
  };
}
