import type { Paint } from '../terminal/text/colors.js';
import { printableLine } from '../terminal/text/printable.js';
import type { Host } from './process.js';

/** Tells a person on standard error what they should know, a line each: for commands that show no progress. */
export function warningOn(host: Host, paint: Paint): (text: string) => void {
  return (text) => void host.stderr.write(`${paint.warning(printableLine(`boticelli: warning: ${text}`))}\n`);
}

/** Tells why nothing goes on for the moment. */
export function lockedWarning(warn: (text: string) => void): () => void {
  return () => warn('another program keeps the quota book locked: waiting for it');
}
