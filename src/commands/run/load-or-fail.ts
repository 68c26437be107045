import { addAbortSignal } from 'node:stream';
import type { Host } from '../../cli/process.js';
import { tellFaults } from '../../cli/report-diagnostics.js';
import { assertNoFolder } from '../../cli/stdin.js';
import { BoticelliError } from '../../errors.js';
import {
  checkNarrative,
  codeOfFaults,
  contentOf,
  mostBytes,
  type NarrativeContent,
} from '../../narrative/load-narrative.js';
import type { Narrative } from '../../narrative/narrative.js';
import type { Paint } from '../../terminal/text/colors.js';
import { counted } from '../../terminal/text/format.js';
import { assertKnown } from '../check/unknown-variables.js';

/** A narrative without a fault, and the text of its file. */
export interface FaultlessNarrative {
  narrative: Narrative;
  text: string;
}

export interface ReadFaultlessOptions {
  host: Host;
  /** The colours of standard error. */
  paint: Paint;
  /** Tells lines on standard error. */
  say: (lines: string) => void;
  /** Aborting ends the wait for standard input. */
  signal: AbortSignal;
  /** Values of variables, by name. */
  vars?: ReadonlyMap<string, string> | undefined;
}

/**
 * Reads a narrative, `-` from standard input, and tells its faults and warnings.
 * Rejects with `no_input` or `invalid_narrative`, and with `usage` where a variable is given that it does not know.
 */
export async function readFaultless(
  file: string,
  { host, paint, say, signal, vars = new Map() }: ReadFaultlessOptions,
): Promise<FaultlessNarrative> {
  const content = file === '-' ? await contentOfStandardInput(host, signal) : contentOf(file);
  const read = await checkNarrative(content, { vars });
  tellFaults(read, { host, paint, say });
  const { file: name, text, narrative, variables, diagnostics } = read;
  if (narrative) {
    assertKnown(vars, variables ?? new Set());
    return { narrative, text };
  }
  const errors = diagnostics.filter(({ severity }) => severity === 'error').length;
  throw new BoticelliError(codeOfFaults(diagnostics), `${name} has ${counted(errors, 'error')}`, {
    hint: 'Mend what is marked above; nothing was sent.',
  });
}

/** Waits for a narrative on standard input. Rejects with `no_input`, or with the signal's reason. */
export async function contentOfStandardInput(host: Host, signal: AbortSignal): Promise<NarrativeContent> {
  return { file: '<stdin>', bytes: await bytesOf(host, signal), folder: '.', isFromStdin: true };
}

async function bytesOf({ stdin }: Host, signal: AbortSignal): Promise<Buffer> {
  assertNoFolder(stdin);
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of addAbortSignal(signal, stdin)) {
      chunks.push(Buffer.from(chunk));
      length += chunk.length;
      if (length > mostBytes)
        throw new BoticelliError('no_input', `<stdin> is larger than ${mostBytes / 1_000_000} MB`);
    }
    return Buffer.concat(chunks);
  } catch (cause) {
    signal.throwIfAborted();
    if (cause instanceof BoticelliError) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new BoticelliError('no_input', `standard input can't be read: ${why}`, { cause });
  }
}
