import { addAbortSignal } from 'node:stream';
import { BoticelliError } from '../errors.js';
import type { LoadedNarrative } from '../narrative/diagnostic.js';
import { checkNarrative, codeOfFaults, readNarrative } from '../narrative/load-narrative.js';
import type { Narrative } from '../narrative/narrative.js';
import type { Paint } from '../terminal/paint.js';
import { counted } from '../terminal/quantity.js';
import type { Host } from './host.js';
import { tellFaults } from './tell-faults.js';

interface Reading {
  /** The colours of standard error. */
  paint: Paint;
  /** Aborting ends the wait for standard input. */
  signal: AbortSignal;
}

/**
 * Reads a narrative, `-` from standard input, and tells its faults and warnings on standard error.
 * Rejects with `no_input` or `invalid_narrative`.
 */
export async function readFaultless(file: string, host: Host, { paint, signal }: Reading): Promise<Narrative> {
  const read = await readNarrativeOf(file, host, signal);
  tellFaults(read, host, paint);
  const { file: name, narrative, diagnostics } = read;
  if (narrative) return narrative;
  const errors = diagnostics.filter(({ severity }) => severity === 'error').length;
  throw new BoticelliError(codeOfFaults(diagnostics), `${name} has ${counted(errors, 'error')}`, {
    hint: 'Mend what is marked above; nothing was sent.',
  });
}

/**
 * Reads a narrative with all there is to say about it; `-` is standard input, on which it may have to be waited for.
 * Rejects with `no_input`, or with the signal's reason.
 */
export async function readNarrativeOf(file: string, host: Host, signal: AbortSignal): Promise<LoadedNarrative> {
  if (file !== '-') return readNarrative(file);
  return checkNarrative({ file: '<stdin>', bytes: await bytesOf(host, signal), folder: '.' });
}

async function bytesOf({ stdin }: Host, signal: AbortSignal): Promise<Buffer> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of addAbortSignal(signal, stdin)) chunks.push(Buffer.from(chunk));
    return Buffer.concat(chunks);
  } catch (cause) {
    signal.throwIfAborted();
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new BoticelliError('no_input', `standard input can't be read: ${why}`, { cause });
  }
}
