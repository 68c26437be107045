import { BoticelliError } from '../errors.js';
import type { LoadedNarrative } from '../narrative/diagnostic.js';
import { checkNarrative, codeOfFaults, readNarrative } from '../narrative/load-narrative.js';
import type { Narrative } from '../narrative/narrative.js';
import { formatDiagnostic } from '../terminal/code-frame.js';
import type { Paint } from '../terminal/paint.js';
import { counted } from '../terminal/quantity.js';
import type { Host } from './host.js';

/** A narrative without a fault, and the text of its file. */
export interface FaultlessNarrative {
  narrative: Narrative;
  text: string;
}

/**
 * Reads a narrative, `-` from standard input, and tells its faults and warnings on standard error.
 * Rejects with `no_input` or `invalid_narrative`.
 */
export async function readFaultless(file: string, host: Host, paint: Paint): Promise<FaultlessNarrative> {
  const { file: name, text, narrative, diagnostics } = await readNarrativeOf(file, host);
  for (const diagnostic of diagnostics) {
    host.stderr.write(`${formatDiagnostic(diagnostic, { file: name, text, paint }).join('\n')}\n`);
  }
  if (narrative) return { narrative, text };
  const errors = diagnostics.filter(({ severity }) => severity === 'error').length;
  throw new BoticelliError(codeOfFaults(diagnostics), `${name} has ${counted(errors, 'error')}`, {
    hint: 'Mend what is marked above; nothing was sent.',
  });
}

/** Reads a narrative with all there is to say about it; `-` is standard input. Rejects with `no_input`. */
export async function readNarrativeOf(file: string, host: Host): Promise<LoadedNarrative> {
  if (file !== '-') return readNarrative(file);
  const chunks: Buffer[] = [];
  for await (const chunk of host.stdin) chunks.push(Buffer.from(chunk));
  return checkNarrative({ file: '<stdin>', bytes: Buffer.concat(chunks), folder: '.' });
}
