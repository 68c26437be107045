import type { Diagnostic } from '../../narrative/diagnostic.js';
import { noPaint, type Paint } from '../text/colors.js';
import { columnsOf, visible } from '../text/visible.js';

interface FrameOptions {
  /** The file's name as the person gave it. */
  file: string;
  /** The file's text, which places count in. */
  text: string;
  paint?: Paint;
}

/**
 * The lines that show a fault: what it is and where, its line of the file with carets below it, and what may have been
 * meant. Nothing that the file holds can steer a terminal: control characters are shown as symbols.
 */
export function formatDiagnostic(diagnostic: Diagnostic, { text, ...options }: FrameOptions): string[] {
  const { place, source } = diagnostic;
  return frame(diagnostic, place ? lineOf(source?.text ?? text, place.line) : '', options);
}

/** The same for all faults of a file, of which there may be thousands: its lines are looked for once. */
export function formatDiagnostics(diagnostics: readonly Diagnostic[], { text, ...options }: FrameOptions): string[] {
  if (diagnostics.length === 0) return [];
  const rows = text.split('\n');
  return diagnostics.flatMap((diagnostic) => {
    const { place, source } = diagnostic;
    const row = source ? lineOf(source.text, place?.line ?? 1) : rows[(place?.line ?? 0) - 1];
    return frame(diagnostic, row ?? '', options);
  });
}

/** @param row the line of the file that the place is in */
function frame(
  { severity, rule, message, place, suggestion, source }: Diagnostic,
  row: string,
  { paint = noPaint, ...asked }: Omit<FrameOptions, 'text'>,
): string[] {
  const { file } = source ?? asked;
  const where = place ? `${file}:${place.line}:${place.column}` : file;
  const title = `${paint.place(`${visible(where)}:`)} ${paint[severity](`${severity}[${rule}]:`)} ${visible(message)}`;
  const number = String(place?.line ?? '');
  const gutter = (label: string) => paint.dim(`${label.padStart(number.length)} |`);
  const lines = [title];
  if (place) {
    const { before, marked, after } = excerptAround(row, place.column - 1, place.length);
    const carets = '^'.repeat(Math.max(1, columnsOf(marked)));
    lines.push(`${gutter(number)} ${before}${marked}${after}`.trimEnd());
    lines.push(`${gutter('')} ${' '.repeat(columnsOf(before))}${paint[severity](carets)}`);
  }
  if (suggestion !== undefined) lines.push(`${' '.repeat(number.length)} did you mean "${visible(suggestion)}"?`);
  return lines;
}

function lineOf(text: string, line: number): string {
  let start = 0;
  for (let at = 1; at < line; at += 1) start = text.indexOf('\n', start) + 1;
  const end = text.indexOf('\n', start);
  return text.slice(start, end === -1 ? undefined : end);
}

/** The most of a line that is shown, and how much of that comes before the place. In UTF-16 code units. */
const mostShown = 100;
const shownBefore = 40;

/** The part of a line around a place, ready to be shown; `…` stands for what was cut off. */
function excerptAround(line: string, start: number, length: number): Record<'before' | 'marked' | 'after', string> {
  const from = characterStart(line, Math.max(0, Math.min(start - shownBefore, line.length - mostShown)));
  const to = characterStart(line, Math.min(line.length, from + mostShown));
  const first = characterStart(line, start);
  const last = Math.min(to, characterEnd(line, start + length));
  return {
    before: `${from > 0 ? '…' : ''}${visible(line.slice(from, first))}`,
    marked: visible(line.slice(first, last)),
    after: `${visible(line.slice(last, to))}${to < line.length ? '…' : ''}`,
  };
}

/** The index itself, or the start of the character that it is in the middle of. */
function characterStart(line: string, index: number): number {
  return isWithinCharacter(line, index) ? index - 1 : index;
}

/** The index itself, or the end of the character that it is in the middle of. */
function characterEnd(line: string, index: number): number {
  return isWithinCharacter(line, index) ? index + 1 : index;
}

function isWithinCharacter(line: string, index: number): boolean {
  return index > 0 && /^[\uD800-\uDBFF][\uDC00-\uDFFF]/.test(line.slice(index - 1, index + 1));
}
