/** A fault of a narrative file, as data. `terminal/` draws it. */
export interface Diagnostic {
  severity: 'error' | 'warning';
  /** A stable name, for example `unknown-key`. */
  rule: string;
  message: string;
  /** What the author may have meant: a whole replacement, shown as `did you mean "…"?`. */
  suggestion?: string;
  /** Where it is; absent where a fault is of the file as a whole. */
  place?: Place;
}

/** A stretch of the file's text. Lines and columns count from 1, columns in UTF-16 code units. */
export interface Place {
  line: number;
  column: number;
  /** In UTF-16 code units; at least 1, and never past the line's end. */
  length: number;
}

/** What reading a file came to: its narrative, if it has no error, and everything there is to say about it. */
export interface LoadedNarrative {
  /** The file's name as the person gave it, `<stdin>` for `-`. */
  file: string;
  /** The file's text, for code frames. */
  text: string;
  narrative?: Narrative;
  /** In the order of the file. Where one of them is an error, there is no narrative. */
  diagnostics: readonly Diagnostic[];
}

import type { Narrative } from './narrative.js';
