import { addAbortSignal } from 'node:stream';
import type { CliProcess } from '../../cli/process.js';
import { reportDiagnostics } from '../../cli/report-diagnostics.js';
import { assertStdinIsNotFolder } from '../../cli/stdin.js';
import { BoticelliError } from '../../errors.js';
import { getErrorCode } from '../../narrative/invalid-narrative.js';
import { checkNarrative, readNarrativeContent } from '../../narrative/load-narrative.js';
import type { Narrative } from '../../narrative/narrative.js';
import { maxNarrativeBytes, type NarrativeContent } from '../../narrative/parse/parse-narrative-files.js';
import type { Colors } from '../../terminal/text/colors.js';
import { formatCount } from '../../terminal/text/format.js';
import { assertKnownVariables } from '../check/assert-known-variables.js';

/** A narrative without a fault, and the text of its file. */
export interface ValidNarrative {
  narrative: Narrative;
  text: string;
}

export interface LoadValidNarrativeOptions {
  proc: CliProcess;
  /** The colours of standard error. */
  colors: Colors;
  /** Tells lines on standard error. */
  printLines: (lines: string) => void;
  /** Aborting ends the wait for standard input. */
  signal: AbortSignal;
  /** Values of variables, by name. */
  vars?: ReadonlyMap<string, string> | undefined;
}

/**
 * Reads a narrative, `-` from standard input, and tells its faults and warnings.
 * Rejects with `no_input` or `invalid_narrative`, and with `usage` where a variable is given that it does not know.
 */
export async function loadValidNarrative(
  file: string,
  { proc, colors, printLines, signal, vars = new Map() }: LoadValidNarrativeOptions,
): Promise<ValidNarrative> {
  const content = file === '-' ? await readStdinContent(proc, signal) : readNarrativeContent(file);
  const loaded = await checkNarrative(content, { vars });
  reportDiagnostics(loaded, { proc, colors, printLines });
  const { file: name, text, narrative, variables, diagnostics } = loaded;
  if (narrative) {
    assertKnownVariables(vars, variables ?? new Set());
    return { narrative, text };
  }
  const errors = diagnostics.filter(({ severity }) => severity === 'error').length;
  throw new BoticelliError(getErrorCode(diagnostics), `${name} has ${formatCount(errors, 'error')}`, {
    hint: 'Mend what is marked above; nothing was sent.',
  });
}

/** Waits for a narrative on standard input. Rejects with `no_input`, or with the signal's reason. */
export async function readStdinContent(proc: CliProcess, signal: AbortSignal): Promise<NarrativeContent> {
  return { file: '<stdin>', bytes: await readBytes(proc, signal), folder: '.', isFromStdin: true };
}

async function readBytes({ stdin }: CliProcess, signal: AbortSignal): Promise<Buffer> {
  assertStdinIsNotFolder(stdin);
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of addAbortSignal(signal, stdin)) {
      chunks.push(Buffer.from(chunk));
      length += chunk.length;
      if (length > maxNarrativeBytes)
        throw new BoticelliError('no_input', `<stdin> is larger than ${maxNarrativeBytes / 1_000_000} MB`);
    }
    return Buffer.concat(chunks);
  } catch (cause) {
    signal.throwIfAborted();
    if (cause instanceof BoticelliError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new BoticelliError('no_input', `standard input can't be read: ${reason}`, { cause });
  }
}
