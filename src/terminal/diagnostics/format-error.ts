import type { ErrorReport } from '../../errors.js';
import type { Colors } from '../text/colors.js';
import { formatMoment } from '../text/format.js';
import { toPrintableLine } from '../text/printable.js';
import { wrapText } from '../text/wrap.js';

/** Formats the line that says how to resume a failed run. It is not wrapped, so that its command can be copied. */
export function indentResumeHint(resumeHint: string): string {
  return `  ${toPrintableLine(resumeHint)}\n`;
}

/** Formats the message of an error. If the error belongs to an act, the act's name comes first. */
export function formatErrorMessage({ act, message }: Pick<ErrorReport, 'act' | 'message'>): string {
  return act === undefined ? message : `${act}: ${message}`;
}

/**
 * Formats an error: what happened and, on a second line, when to try again and what to do, as far as these are known.
 * @param columns the width of the terminal, to which lines are wrapped; undefined if the output is not a terminal
 */
export function formatError(error: ErrorReport, colors: Colors, columns?: number): string {
  const { hint, retryAt } = error;
  const wrap = (text: string) => (columns ? wrapText(text, columns) : text);
  const retryText = retryAt === undefined ? '' : `Try again ${formatMoment(new Date(retryAt), Date.now())}.`;
  const hintText = [retryText, hint].filter((part) => part !== undefined && part !== '').join(' ');
  const prefix = 'boticelli:';
  const body = wrap(`${prefix} ${toPrintableLine(formatErrorMessage(error))}`).slice(prefix.length);
  const firstLine = `${colors.error(prefix)}${body}\n`;
  return hintText === '' ? firstLine : `${firstLine}${wrap(`  ${toPrintableLine(hintText)}`)}\n`;
}
