import type { Output } from '../output.js';
import { wrapText } from '../text/wrap.js';
import type { Spinner, SpinnerStatus } from './spinner.js';

/** Writes lines to standard error, with a spinner below them, on a screen that may also show replies. */
export interface StderrWriter {
  /**
   * Writes a line. If a reply on the same screen is in the middle of a line, this line is written after the reply's
   * line.
   * @param colorize colours the line after it was wrapped to the width of the terminal. Leave it out for a line that is
   *   already wrapped, or that must stay whole so that it can be copied: such a line is written unchanged
   */
  writeLine(line: string, colorize?: (text: string) => string): void;
  /**
   * Sets one of the statuses that the spinner shows together, such as one per parallel act.
   * @param key any object that identifies the status
   * @param status undefined removes the status
   */
  setStatus(key: object, status: (() => SpinnerStatus) | undefined): void;
  /** Whether replies appear on the same terminal. */
  readonly sharesScreen: boolean;
  /**
   * Returns an output that writes replies to `replies`. On a shared screen, neither the spinner nor a line of standard
   * error interrupts a line of a reply. If the screen is not shared, returns `replies` unchanged.
   */
  keepReplyLinesWhole(replies: Output): Output;
  /** Removes the spinner permanently. May be called at any time, and more than once. */
  stopSpinner(): void;
}

/** The options of `createStderrWriter`. */
export interface StderrWriterOptions {
  /** Standard error. */
  output: Output;
  /** The spinner. Present only if standard error is a terminal. */
  spinner?: Spinner;
  /** Whether replies appear on the same terminal. */
  sharesScreen: boolean;
  /** Returns the current width of the terminal, or undefined if standard error is not a terminal. */
  columns?: () => number | undefined;
}

/** Creates the writer. Without a spinner, it writes only lines. */
export function createStderrWriter({
  output,
  spinner,
  sharesScreen,
  columns = () => undefined,
}: StderrWriterOptions): StderrWriter {
  let pendingLines: Parameters<StderrWriter['writeLine']>[] = [];
  let isMidLine = false;
  let isStopped = false;
  const { setStatus, updateSpinner } = createStatuses(spinner, () => !isStopped && !isMidLine);

  const write: StderrWriter['writeLine'] = (line, colorize) => {
    const width = colorize && columns();
    const wrapped = width ? wrapText(line, width) : line;
    output.write(`${colorize ? colorize(wrapped) : wrapped}\n`);
  };
  const createWholeLineOutput = (replies: Output): Output => ({
    ...replies,
    write(text) {
      if (text === '') return;
      spinner?.stop();
      replies.write(text);
      isMidLine = !text.endsWith('\n');
      if (isMidLine) return;
      for (const pendingLine of pendingLines) write(...pendingLine);
      pendingLines = [];
      updateSpinner();
    },
  });
  return {
    writeLine(line, colorize) {
      if (isMidLine) pendingLines.push([line, colorize]);
      else write(line, colorize);
    },
    setStatus,
    sharesScreen,
    keepReplyLinesWhole: (replies) => (sharesScreen ? createWholeLineOutput(replies) : replies),
    stopSpinner() {
      isStopped = true;
      spinner?.stop();
    },
  };
}

/** Creates functions that keep one status per key, and show all of them in the spinner. */
function createStatuses(spinner: Spinner | undefined, canShow: () => boolean) {
  const statuses = new Map<object, () => SpinnerStatus>();
  let isUpdateScheduled = false;
  /** Updates the spinner only in the event loop's next turn, so that it does not flicker between two statuses. */
  const updateSpinner = () => {
    if (isUpdateScheduled) return;
    isUpdateScheduled = true;
    setImmediate(() => {
      isUpdateScheduled = false;
      if (!canShow()) return;
      if (statuses.size > 0) spinner?.start(() => joinStatuses([...statuses.values()].map((status) => status())));
      else spinner?.stop();
    });
  };
  const setStatus: StderrWriter['setStatus'] = (key, status) => {
    if (status) statuses.set(key, status);
    else statuses.delete(key);
    updateSpinner();
  };
  return { setStatus, updateSpinner };
}

/** Joins the statuses of parallel work: first their number, then each status. A single status stays unchanged. */
function joinStatuses(statuses: readonly SpinnerStatus[]): SpinnerStatus {
  const [first = { text: '' }, ...others] = statuses;
  if (others.length === 0) return first;
  const texts = statuses.map(({ text, time }) => (time === undefined ? text : `${text} ${time}`));
  return { text: `${statuses.length} in parallel · ${texts.join(' · ')}` };
}
