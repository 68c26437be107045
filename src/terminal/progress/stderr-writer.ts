import type { Output } from '../output.js';
import { wrapText } from '../text/wrap.js';
import type { Spinner, SpinnerStatus } from './spinner.js';

/** What is told on standard error, line by line, and a spinner below it; on a screen that replies may share. */
export interface StderrWriter {
  /**
   * Tells something in a line of its own; once a reply's line is finished, where that is on the same screen.
   * @param colorize colours it; with it, a line longer than the terminal is wide is broken between words before
   */
  writeLine(line: string, colorize?: (text: string) => string): void;
  /** Says what is under way for one of those who share the spinner; undefined: nothing any more. */
  setStatus(owner: object, status: (() => SpinnerStatus) | undefined): void;
  /** Whether replies appear on the same screen. */
  readonly sharesScreen: boolean;
  /** The output for replies: the spinner gives way to what is written through it. */
  wrapReplies(replies: Output): Output;
  /** Takes the spinner off the screen for good. May be called at any time, and more than once. */
  stopSpinner(): void;
}

export interface StderrWriterOptions {
  /** Standard error. */
  output: Output;
  /** Present on a terminal. */
  spinner?: Spinner;
  /** Whether replies appear on the same screen. */
  sharesScreen: boolean;
  /** The width of the terminal now, where it is one. */
  columns?: () => number | undefined;
}

export function createStderrWriter({
  output,
  spinner,
  sharesScreen,
  columns = () => undefined,
}: StderrWriterOptions): StderrWriter {
  let pendingLines: Parameters<StderrWriter['writeLine']>[] = [];
  let isMidLine = false;
  let isStopped = false;
  const { setStatus, updateSpinner } = createSpinnerTasks({
    spinner,
    canShow: () => !isStopped && !isMidLine,
  });

  const write = (...[line, colorize]: Parameters<StderrWriter['writeLine']>) => {
    const width = columns();
    if (!colorize) output.write(`${line}\n`);
    else output.write(`${colorize(width ? wrapText(line, width) : line)}\n`);
  };
  const wrapReplies = (replies: Output): Output => ({
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
    wrapReplies: (replies) => (sharesScreen ? wrapReplies(replies) : replies),
    stopSpinner() {
      isStopped = true;
      spinner?.stop();
    },
  };
}

/** What is under way, and the spinner that says so. */
function createSpinnerTasks({ spinner, canShow }: { spinner: Spinner | undefined; canShow: () => boolean }) {
  const tasks = new Map<object, () => SpinnerStatus>();
  let isUpdateScheduled = false;
  /** In the next turn: where one thing ends and the next begins at once, nothing is to flicker in between. */
  const updateSpinner = () => {
    if (isUpdateScheduled) return;
    isUpdateScheduled = true;
    setImmediate(() => {
      isUpdateScheduled = false;
      if (!canShow()) return;
      if (tasks.size > 0) spinner?.start(() => joinStatuses([...tasks.values()].map((status) => status())));
      else spinner?.stop();
    });
  };
  const setStatus: StderrWriter['setStatus'] = (owner, status) => {
    if (status) tasks.set(owner, status);
    else tasks.delete(owner);
    updateSpinner();
  };
  return { setStatus, updateSpinner };
}

/** Several things at once on one line: how many, then each. */
function joinStatuses(statuses: readonly SpinnerStatus[]): SpinnerStatus {
  const [first = { text: '' }, ...others] = statuses;
  if (others.length === 0) return first;
  const texts = statuses.map(({ text, time }) => (time === undefined ? text : `${text} ${time}`));
  return { text: `${statuses.length} at once · ${texts.join(' · ')}` };
}
