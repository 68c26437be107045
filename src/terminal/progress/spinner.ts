import type { Writable } from 'node:stream';
import { toPrintableLine } from '../text/printable.js';

/** What a spinner says: the time stays to be seen where the text must be cut. */
export interface SpinnerStatus {
  text: string;
  time?: string;
}

/** Shows on a terminal that something is under way. */
export interface Spinner {
  /**
   * Shows what `status` says, in place of what was shown before, and asks it anew several times a second. A whole line that
   * is written to the terminal meanwhile appears above it.
   */
  start(status: () => SpinnerStatus): void;
  /** Takes it off the screen and gives the cursor back. */
  stop(): void;
}

export interface SpinnerOptions {
  /** Standard error; on a terminal it has `columns`, tells of `resize`, and can clear itself. */
  stream: Writable & { columns?: number; clearScreenDown?: () => unknown };
  isColored: boolean;
}

/** How often the words are asked for: a countdown of seconds must not be seen to stumble. */
const tickMs = 200;

/** Below this there is room for nothing. It is 0 where a terminal's size is not known, and ora would never come to an end. */
const minColumns = 10;

/** A spinner by ora, loaded here only: nothing but a terminal needs it. */
export async function createSpinner({ stream, isColored }: SpinnerOptions): Promise<Spinner> {
  const [{ default: ora }, { default: measureWidth }] = await Promise.all([import('ora'), import('string-width')]);
  const spinner = ora({
    stream: stream as NodeJS.WritableStream,
    isEnabled: true,
    // ora's own colours do not know NO_COLOR.
    color: isColored ? 'cyan' : false,
    // It would put the terminal into raw mode and so take Ctrl-C away from the process group.
    discardStdin: false,
  });
  let readStatus: () => SpinnerStatus = () => ({ text: '' });
  let timer: NodeJS.Timeout | undefined;

  const render = () => {
    const { columns = 0 } = stream;
    if (columns < minColumns) return void (spinner.isSpinning && spinner.stop());
    // Three less: ora's own sign, a space, and the last column, after which some terminals are on the next line already.
    spinner.text = withoutAutowrap(fitToWidth(readStatus(), columns - 3, measureWidth));
    spinner.start();
  };
  stream.on('resize', () => {
    if (timer === undefined) return;
    // The cursor is where the line begins: so all rows are gone that a narrower terminal may have made of it.
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
 * The text with autowrap (DECAWM, of the VT100) off and the cursor back where its line begins: a frame that is drawn just
 * when the terminal becomes narrower must not leave half of itself on a second row.
 */
function withoutAutowrap(text: string): string {
  return `\u001b[?7l${text}\u001b[?7h\r`;
}

/** More than any terminal has columns: of longer words no more is looked at. */
const maxTextLength = 2000;

/** The words on one line of so many columns; `…` stands for what was cut off of the text. */
function fitToWidth({ text, time }: SpinnerStatus, columns: number, measureWidth: (text: string) => number): string {
  const timeText = time === undefined ? '' : ` ${time}`;
  const line = toPrintableLine(text.slice(0, maxTextLength));
  const availableColumns = columns - measureWidth(timeText);
  if (measureWidth(line) <= availableColumns) return line + timeText;
  let cut = '';
  let width = 1;
  for (const { segment } of new Intl.Segmenter().segment(line)) {
    width += measureWidth(segment);
    if (width > availableColumns) break;
    cut += segment;
  }
  return `${cut}…${timeText}`;
}
