import type { ErrorReport } from '../../errors.js';
import type { Paint } from '../text/colors.js';
import { moment } from '../text/format.js';
import { printableLine } from '../text/printable.js';
import { wrapped } from '../text/wrap.js';

/** What ends a run that failed but can go on: the command for it, to be copied as it stands. */
export function goOnLine(goOn: string): string {
  return `  ${printableLine(goOn)}\n`;
}

/**
 * An error as a person reads it: a line that says what happened, and one that says what to do.
 * @param columns the width of the terminal, where it is one: longer lines are broken between words
 */
export function errorLines({ message, hint, act, retryAt }: ErrorReport, paint: Paint, columns?: number): string {
  const line = (text: string) => (columns ? wrapped(text, columns) : text);
  const where = act === undefined ? '' : `${act}: `;
  const when = retryAt === undefined ? '' : `Try again ${moment(new Date(retryAt), Date.now())}.`;
  const advice = [when, hint].filter((part) => part !== undefined && part !== '').join(' ');
  const who = 'boticelli:';
  const what = line(`${who} ${printableLine(`${where}${message}`)}`).slice(who.length);
  const first = `${paint.error(who)}${what}\n`;
  return advice === '' ? first : `${first}${line(`  ${printableLine(advice)}`)}\n`;
}
