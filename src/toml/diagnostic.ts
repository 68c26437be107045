/** A fault of a file, as data. `terminal/` draws it. */
export interface Diagnostic {
  severity: 'error' | 'warning';
  /** A stable name, for example `unknown-key`. */
  rule: string;
  message: string;
  /** What the author may have meant: a whole replacement, shown as `did you mean "…"?`. */
  suggestion?: string;
  /** Where it is; absent where a fault is of the file as a whole. */
  location?: Location;
  /** The file that it is in, where that is another one than the file that was asked about. */
  source?: SourceFile;
}

/** A file that was read on the way. */
export interface SourceFile {
  /** Its name, relative to what the person gave. */
  file: string;
  text: string;
}

/** A stretch of the file's text. Lines and columns count from 1, columns in UTF-16 code units. */
export interface Location {
  line: number;
  column: number;
  /** In UTF-16 code units; at least 1, and never past the line's end. */
  length: number;
}

/** Where a diagnostic is, as the beginning of a sentence: `file:line:column: `. */
export function formatLocation(file: string, diagnostic: Diagnostic | undefined): string {
  const location = diagnostic?.location;
  const name = diagnostic?.source?.file ?? file;
  return location ? `${name}:${location.line}:${location.column}: ` : `${name}: `;
}
