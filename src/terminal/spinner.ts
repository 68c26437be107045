import type { Writable } from 'node:stream';
import { printableLine } from './printable.js';

/** Shows on a terminal that something is under way. */
export interface Spinner {
  /** Shows the text, in place of the last one. */
  start(text: string): void;
  /** Takes it off the screen and gives the cursor back. */
  stop(): void;
}

/** A spinner by ora, loaded here only: nothing but a terminal needs it. */
export async function createSpinner(stream: Writable): Promise<Spinner> {
  const { default: ora } = await import('ora');
  // discardStdin would put the terminal into raw mode and so take Ctrl-C away from the process group.
  const spinner = ora({ stream: stream as NodeJS.WritableStream, discardStdin: false, isEnabled: true });
  return {
    start: (text) => void spinner.start(printableLine(text)),
    stop: () => void (spinner.isSpinning && spinner.stop()),
  };
}
