import type { Writable } from 'node:stream';
import { toPrintableLine } from '../text/printable.js';

/**
 * The text of a spinner, and a time such as `12 s` after it. If they do not fit into one line, only `text` is
 * truncated.
 */
export interface SpinnerStatus {
  text: string;
  time?: string;
}

/** Shows on a terminal that work is in progress. */
export interface Spinner {
  /**
   * Shows a status in place of the previous one. The status is read again several times per second. While the spinner
   * is shown, whole lines that are written to the terminal appear above it.
   */
  start(status: () => SpinnerStatus): void;
  /** Clears the spinner and shows the cursor again. */
  stop(): void;
}

/** The options of `createSpinner`. */
export interface SpinnerOptions {
  /** Standard error. A terminal has `columns`, emits `resize`, and can be cleared. */
  stream: Writable & { columns?: number; clearScreenDown?: () => unknown };
  isColored: boolean;
}

/** The time between two updates, short enough for a countdown of seconds to look regular. */
const tickMs = 200;

/**
 * A narrower terminal shows no spinner. An unknown width counts as 0 columns, and with 0 columns ora would loop
 * forever.
 */
const minColumns = 10;

/** Creates a spinner. ora is loaded only here, because only a terminal needs it. */
export async function createSpinner({ stream, isColored }: SpinnerOptions): Promise<Spinner> {
  const [{ default: ora }, { default: measureWidth }] = await Promise.all([import('ora'), import('string-width')]);
  const spinner = ora({
    stream: stream as NodeJS.WritableStream,
    isEnabled: true,
    // ora's own colours ignore NO_COLOR.
    color: isColored ? 'cyan' : false,
    // If `discardStdin` is true, ora sets the terminal to raw mode, in which Ctrl-C does not signal the process group.
    discardStdin: false,
  });
  let readStatus: () => SpinnerStatus = () => ({ text: '' });
  let timer: NodeJS.Timeout | undefined;

  const render = () => {
    const { columns = 0 } = stream;
    if (columns < minColumns) return void (spinner.isSpinning && spinner.stop());
    // Three columns are reserved for ora's symbol, a space, and the last column, after which some terminals wrap
    // immediately.
    spinner.text = withoutAutowrap(fitToWidth(readStatus(), columns - 3, measureWidth));
    spinner.start();
  };
  stream.on('resize', () => {
    if (timer === undefined) return;
    // Clears from the cursor, which is at the start of the spinner's line, to the end of the screen. The line may have
    // wrapped onto further rows when the terminal became narrower.
    if (spinner.isSpinning) stream.clearScreenDown?.();
    render();
  });
  return {
    start(getStatus) {
      readStatus = getStatus;
      render();
      timer ??= setInterval(render, tickMs);
    },
    stop() {
      clearInterval(timer);
      timer = undefined;
      if (spinner.isSpinning) spinner.stop();
    },
  };
}

/**
 * Turns autowrap (DECAWM of the VT100) off for a text, and moves the cursor back to the start of the line. Otherwise a
 * frame that is drawn while the terminal becomes narrower leaves a part of itself on a second row.
 */
function withoutAutowrap(text: string): string {
  return `\u001b[?7l${text}\u001b[?7h\r`;
}

/** The maximum length of a text that is measured: more than the columns of any terminal. The rest is ignored. */
const maxTextLength = 2000;

/** Fits a status into one line; `…` marks truncated text. */
function fitToWidth({ text, time }: SpinnerStatus, columns: number, measureWidth: (text: string) => number): string {
  const timeText = time === undefined ? '' : ` ${time}`;
  const line = toPrintableLine(text.slice(0, maxTextLength));
  const availableColumns = columns - measureWidth(timeText);
  if (measureWidth(line) <= availableColumns) return line + timeText;
  let beginning = '';
  // The width of the `…`.
  let width = 1;
  for (const { segment } of new Intl.Segmenter().segment(line)) {
    width += measureWidth(segment);
    if (width > availableColumns) break;
    beginning += segment;
  }
  return `${beginning}…${timeText}`;
}
