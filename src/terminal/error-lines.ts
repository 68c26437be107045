import type { ErrorReport } from '../errors.js';
import type { Paint } from './paint.js';
import { printableLine } from './printable.js';
import { moment } from './quantity.js';

/** What ends a run that failed but can go on: the command for it, to be copied as it stands. */
export function goOnLine(goOn: string): string {
  return `  ${printableLine(goOn)}\n`;
}

/** An error as a person reads it: a line that says what happened, and one that says what to do. */
export function errorLines({ message, hint, act, retryAt }: ErrorReport, paint: Paint): string {
  const where = act === undefined ? '' : `${act}: `;
  const when = retryAt === undefined ? '' : `Try again ${moment(new Date(retryAt), Date.now())}.`;
  const advice = [when, hint].filter((part) => part !== undefined && part !== '').join(' ');
  const first = `${paint.error('boticelli:')} ${printableLine(`${where}${message}`)}\n`;
  return advice === '' ? first : `${first}  ${printableLine(advice)}\n`;
}
