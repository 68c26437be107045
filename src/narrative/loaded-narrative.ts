import type { Diagnostic } from '../toml/diagnostic.js';
import type { Narrative } from './narrative.js';

export type { Diagnostic, Location as Place, SourceFile } from '../toml/diagnostic.js';

/** What reading a file came to: its narrative, if it has no error, and everything there is to say about it. */
export interface LoadedNarrative {
  /** The file's name as the person gave it, `<stdin>` for `-`. */
  file: string;
  /** The file's text, for code frames. */
  text: string;
  narrative?: Narrative;
  /** The variables that it, or what it plays, defines or uses. Absent where the file could not be read. */
  variables?: ReadonlySet<string>;
  /**
   * In the order of the file; those of narratives that it plays come after its own, with their `source`. Where one of
   * them is an error, there is no narrative.
   */
  diagnostics: readonly Diagnostic[];
}
