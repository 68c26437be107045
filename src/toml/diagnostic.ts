/** An error or warning about a file, as data. `terminal/` formats it. */
export interface Diagnostic {
  severity: 'error' | 'warning';
  /** A stable name, for example `unknown-key`. */
  rule: string;
  message: string;
  /** The replacement that the author probably meant, shown as `did you mean "…"?`. */
  suggestion?: string;
  /** Absent if the diagnostic is about the file as a whole, or if its place can't be found. */
  location?: Location;
  /** The file that the diagnostic is about. Absent if the diagnostic is about the file that the user named. */
  source?: SourceFile;
}

/** A file that was read because another file refers to it. */
export interface SourceFile {
  /** The path for messages: relative to the working folder, unless the user or a narrative named an absolute path. */
  file: string;
  text: string;
}

/** A range in one line of a file. Lines and columns are counted from 1. Columns are in UTF-16 code units. */
export interface Location {
  line: number;
  column: number;
  /** In UTF-16 code units; at least 1. The range never extends past the end of the line. */
  length: number;
}

/** Formats the location of a diagnostic as a message prefix: `file:line:column: `, or `file: ` without a location. */
export function formatLocation(file: string, diagnostic: Diagnostic | undefined): string {
  const location = diagnostic?.location;
  const name = diagnostic?.source?.file ?? file;
  return location ? `${name}:${location.line}:${location.column}: ` : `${name}: `;
}

/** Returns the location of the text from `start` to `end`, cut at the end of its first line. */
export function locate(text: string, start: number, end: number): Location {
  // lastIndexOf treats a negative position as 0, so it would find a newline at the start of the text.
  const lineStart = start === 0 ? 0 : text.lastIndexOf('\n', start - 1) + 1;
  let line = 1;
  for (let index = text.indexOf('\n'); index !== -1 && index < lineStart; index = text.indexOf('\n', index + 1))
    line += 1;
  const newline = text.indexOf('\n', start);
  const lineEnd = newline === -1 ? text.length : newline;
  return { line, column: start - lineStart + 1, length: Math.max(1, Math.min(end, lineEnd) - start) };
}
