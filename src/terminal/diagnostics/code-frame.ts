import type { Diagnostic } from '../../toml/diagnostic.js';
import { type Colors, noColors } from '../text/colors.js';
import { escapeUnmeasurable, measureWidth } from '../text/printable.js';

interface FrameOptions {
  /** The file's name as the user gave it. */
  file: string;
  /** The file's text. If a diagnostic has a `source`, its location refers to that other file instead. */
  text: string;
  colors?: Colors;
}

/**
 * Formats the diagnostics of a file, each with its location and message, the line of the file with carets below it, and
 * a suggestion. Control characters of the file are shown as symbols. If `text` is empty, for example because the file
 * could not be read, no line is shown.
 */
export function formatDiagnostics(diagnostics: readonly Diagnostic[], { text, ...options }: FrameOptions): string[] {
  if (diagnostics.length === 0) return [];
  // There may be thousands of diagnostics, so the text is split only once.
  const lines = text.split('\n');
  return diagnostics.flatMap((diagnostic) => {
    const { location, source } = diagnostic;
    const line = source ? getLine(source.text, location?.line ?? 1) : lines[(location?.line ?? 0) - 1];
    const isTextShown = (source?.text ?? text) !== '';
    return formatFrame(diagnostic, isTextShown ? (line ?? '') : undefined, options);
  });
}

/** @param line the line of the file that contains the location; undefined if it is not shown */
function formatFrame(
  { severity, rule, message, location, suggestion, source }: Diagnostic,
  line: string | undefined,
  { colors = noColors, ...options }: Omit<FrameOptions, 'text'>,
): string[] {
  const { file } = source ?? options;
  const position = location ? `${file}:${location.line}:${location.column}` : file;
  const title = [
    colors.location(`${escapeUnmeasurable(position)}:`),
    colors[severity](`${severity}[${rule}]:`),
    escapeUnmeasurable(message),
  ].join(' ');
  const number = String(location?.line ?? '');
  const gutter = (label: string) => colors.dim(`${label.padStart(number.length)} |`);
  const lines = [title];
  if (location && line !== undefined) {
    const { before, marked, after } = extractExcerpt(line, location.column - 1, location.length);
    const carets = '^'.repeat(Math.max(1, measureWidth(marked)));
    lines.push(`${gutter(number)} ${before}${marked}${after}`.trimEnd());
    lines.push(`${gutter('')} ${' '.repeat(measureWidth(before))}${colors[severity](carets)}`);
  }
  if (suggestion !== undefined)
    lines.push(`${' '.repeat(number.length)} did you mean "${escapeUnmeasurable(suggestion)}"?`);
  return lines;
}

function getLine(text: string, line: number): string {
  let start = 0;
  for (let current = 1; current < line; current += 1) start = text.indexOf('\n', start) + 1;
  const end = text.indexOf('\n', start);
  return text.slice(start, end === -1 ? undefined : end);
}

/** The maximum length of the part of a line that is shown, in UTF-16 code units. */
const maxShownLength = 100;
/**
 * The maximum length of the text before the location, in UTF-16 code units. More is shown if the line ends soon after
 * the location.
 */
const maxShownBefore = 40;

/** Extracts the part of a line around a location; `…` marks omissions. */
function extractExcerpt(line: string, start: number, length: number): Record<'before' | 'marked' | 'after', string> {
  const characterStart = (index: number) => (isWithinCharacter(line, index) ? index - 1 : index);
  const from = characterStart(Math.max(0, Math.min(start - maxShownBefore, line.length - maxShownLength)));
  const to = characterStart(Math.min(line.length, from + maxShownLength));
  const first = characterStart(start);
  const end = start + length;
  const last = Math.min(to, isWithinCharacter(line, end) ? end + 1 : end);
  return {
    before: `${from > 0 ? '…' : ''}${escapeUnmeasurable(line.slice(from, first))}`,
    marked: escapeUnmeasurable(line.slice(first, last)),
    after: `${escapeUnmeasurable(line.slice(last, to))}${to < line.length ? '…' : ''}`,
  };
}

/** Whether an index is within a surrogate pair. */
function isWithinCharacter(line: string, index: number): boolean {
  return index > 0 && /^[\uD800-\uDBFF][\uDC00-\uDFFF]/.test(line.slice(index - 1, index + 1));
}
