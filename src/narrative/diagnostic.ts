import type { Diagnostic } from '../toml/diagnostic.js';
import type { Narrative } from './narrative.js';

export type { Diagnostic, Place } from '../toml/diagnostic.js';

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
