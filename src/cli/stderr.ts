import { createSpinner, type Spinner } from '../terminal/progress/spinner.js';
import type { Colors } from '../terminal/text/colors.js';
import { toPrintableLine } from '../terminal/text/printable.js';
import type { CliProcess } from './process.js';

/** Creates a function that prints a warning on standard error, for commands without progress lines. */
export function createWarn(proc: CliProcess, colors: Colors): (text: string) => void {
  return (text) => void proc.stderr.write(`${colors.warning(toPrintableLine(`boticelli: warning: ${text}`))}\n`);
}

/** Creates a function that says why the program is waiting for the state database. */
export function createLockedWarning(warn: (text: string) => void): () => void {
  return () => warn('another process has locked the state database: waiting for it');
}

/** Creates the spinner for standard error. Returns undefined on CI, for a dumb terminal, or if there is no terminal. */
export async function createStderrSpinner({ stderr: stream, env }: CliProcess): Promise<Spinner | undefined> {
  if (!stream.isTTY || env.CI || env.TERM === 'dumb') return undefined;
  return createSpinner({ stream, isColored: stream.hasColors?.() ?? false });
}
