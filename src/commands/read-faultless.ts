import { BoticelliError } from '../errors.js';
import type { LoadedNarrative } from '../narrative/diagnostic.js';
import {
  checkNarrative,
  codeOfFaults,
  mostBytes,
  type ReadOptions,
  readNarrative,
} from '../narrative/load-narrative.js';
import type { Narrative } from '../narrative/narrative.js';
import { formatDiagnostics } from '../terminal/code-frame.js';
import type { Paint } from '../terminal/paint.js';
import { counted } from '../terminal/quantity.js';
import { assertKnown } from './given-variables.js';
import type { Host } from './host.js';

/** A narrative without a fault, and the text of its file. */
export interface FaultlessNarrative {
  narrative: Narrative;
  text: string;
}

export interface ReadFaultlessOptions {
  host: Host;
  paint: Paint;
  /** Tells lines on standard error. */
  say: (lines: string) => void;
  vars?: ReadonlyMap<string, string> | undefined;
}

/**
 * Reads a narrative, `-` from standard input, and tells its faults and warnings.
 * Rejects with `no_input` or `invalid_narrative`, and with `usage` where a variable is given that it does not know.
 */
export async function readFaultless(
  file: string,
  { host, paint, say, vars = new Map() }: ReadFaultlessOptions,
): Promise<FaultlessNarrative> {
  const { file: name, text, narrative, variables, diagnostics } = await readNarrativeOf(file, host, { vars });
  const lines = formatDiagnostics(diagnostics, { file: name, text, paint });
  if (lines.length > 0) say(lines.join('\n'));
  if (narrative) {
    assertKnown(vars, variables ?? new Set());
    return { narrative, text };
  }
  const errors = diagnostics.filter(({ severity }) => severity === 'error').length;
  throw new BoticelliError(codeOfFaults(diagnostics), `${name} has ${counted(errors, 'error')}`, {
    hint: 'Mend what is marked above; nothing was sent.',
  });
}

/** Reads a narrative with all there is to say about it; `-` is standard input. Rejects with `no_input`. */
export async function readNarrativeOf(file: string, host: Host, options: ReadOptions): Promise<LoadedNarrative> {
  if (file !== '-') return readNarrative(file, options);
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of host.stdin) {
    chunks.push(Buffer.from(chunk));
    length += chunk.length;
    if (length > mostBytes) throw new BoticelliError('no_input', `<stdin> is larger than ${mostBytes / 1_000_000} MB`);
  }
  return checkNarrative({ ...options, file: '<stdin>', bytes: Buffer.concat(chunks), folder: '.', isFromStdin: true });
}
