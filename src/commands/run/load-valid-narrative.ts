import { assertKnownVariables } from '../../cli/assert-known-variables.js';
import type { CliProcess } from '../../cli/process.js';
import { reportDiagnostics } from '../../cli/report-diagnostics.js';
import { readStdinNarrative } from '../../cli/stdin.js';
import { BoticelliError } from '../../errors.js';
import { getErrorCode } from '../../narrative/invalid-narrative.js';
import { checkNarrative, readNarrativeContent } from '../../narrative/load-narrative.js';
import type { Narrative } from '../../narrative/narrative.js';
import type { Colors } from '../../terminal/text/colors.js';
import { formatCount } from '../../terminal/text/format.js';

/** A narrative without errors, and the text of its file. */
export interface ValidNarrative {
  narrative: Narrative;
  text: string;
}

export interface LoadValidNarrativeOptions {
  proc: CliProcess;
  /** The colours of standard error. */
  colors: Colors;
  /** Prints lines on standard error. */
  printLines: (lines: string) => void;
  /** Ends the wait for standard input. */
  signal: AbortSignal;
  /** Values of variables, by name. */
  vars?: ReadonlyMap<string, string> | undefined;
}

/**
 * Reads a narrative from a file, or from standard input for `-`, and prints its errors and warnings.
 *
 * @throws BoticelliError `no_input`, `invalid_narrative`, or `usage` for an unknown variable
 */
export async function loadValidNarrative(
  file: string,
  { proc, colors, printLines, signal, vars = new Map() }: LoadValidNarrativeOptions,
): Promise<ValidNarrative> {
  const content = file === '-' ? await readStdinNarrative(proc, signal) : readNarrativeContent(file);
  const loaded = await checkNarrative(content, { vars });
  reportDiagnostics(loaded, { proc, colors, printLines });
  const { file: name, text, narrative, variables, diagnostics } = loaded;
  if (narrative) {
    assertKnownVariables(vars, variables ?? new Set());
    return { narrative, text };
  }
  const errors = diagnostics.filter(({ severity }) => severity === 'error').length;
  throw new BoticelliError(getErrorCode(diagnostics), `${name} has ${formatCount(errors, 'error')}`, {
    hint: 'Fix the errors above; nothing was sent.',
  });
}
