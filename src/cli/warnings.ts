import type { Colors } from '../terminal/text/colors.js';
import { toPrintableLine } from '../terminal/text/printable.js';
import type { CliProcess } from './process.js';

/** Tells a person on standard error what they should know, a line each: for commands that show no progress. */
export function createWarn(proc: CliProcess, colors: Colors): (text: string) => void {
  return (text) => void proc.stderr.write(`${colors.warning(toPrintableLine(`boticelli: warning: ${text}`))}\n`);
}

/** Tells why nothing goes on for the moment. */
export function createLockedWarning(warn: (text: string) => void): () => void {
  return () => warn('another program keeps the quota book locked: waiting for it');
}
