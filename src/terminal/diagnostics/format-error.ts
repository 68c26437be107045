import type { ErrorReport } from '../../errors.js';
import type { Colors } from '../text/colors.js';
import { formatMoment } from '../text/format.js';
import { toPrintableLine } from '../text/printable.js';
import { wrapText } from '../text/wrap.js';

/** What ends a run that failed but can go on: the command for it, to be copied as it stands. */
export function formatResumeCommand(command: string): string {
  return `  ${toPrintableLine(command)}\n`;
}

/**
 * An error as a person reads it: a line that says what happened, and one that says what to do.
 * @param columns the width of the terminal, where it is one: longer lines are broken between words
 */
export function formatError({ message, hint, act, retryAt }: ErrorReport, colors: Colors, columns?: number): string {
  const wrap = (text: string) => (columns ? wrapText(text, columns) : text);
  const actPrefix = act === undefined ? '' : `${act}: `;
  const retryText = retryAt === undefined ? '' : `Try again ${formatMoment(new Date(retryAt), Date.now())}.`;
  const hintText = [retryText, hint].filter((part) => part !== undefined && part !== '').join(' ');
  const prefix = 'boticelli:';
  const body = wrap(`${prefix} ${toPrintableLine(`${actPrefix}${message}`)}`).slice(prefix.length);
  const firstLine = `${colors.error(prefix)}${body}\n`;
  return hintText === '' ? firstLine : `${firstLine}${wrap(`  ${toPrintableLine(hintText)}`)}\n`;
}
