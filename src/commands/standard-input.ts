import { isUtf8 } from 'node:buffer';
import { addAbortSignal } from 'node:stream';
import { BoticelliError } from '../errors.js';
import type { Host } from './host.js';

/** As much as a request can carry: no model reads more. */
const mostBytes = 100_000_000;

/**
 * Reads standard input to its end, for `{{stdin}}`. Rejects with `no_input` where it is a terminal, is no text or is too
 * long, and with the signal's reason once that is aborted.
 */
export async function readStandardInput({ stdin }: Pick<Host, 'stdin'>, signal: AbortSignal): Promise<string> {
  if (stdin.isTTY) {
    throw noInput(
      'the narrative uses {{stdin}}, and standard input is a terminal',
      'Pipe a text into it, or add < file.',
    );
  }
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of addAbortSignal(signal, stdin)) {
      chunks.push(Buffer.from(chunk));
      length += Buffer.byteLength(chunk);
      if (length > mostBytes) break;
    }
  } catch (thrown) {
    signal.throwIfAborted();
    throw noInput(`standard input can't be read: ${(thrown as Error).message}`, 'Check what is piped into it.');
  }
  if (length > mostBytes) throw noInput('standard input is longer than 100 MB', 'Pipe in the part that matters.');
  const bytes = Buffer.concat(chunks);
  // A text has no NUL: the same rule by which grep and git tell what is binary.
  if (!isUtf8(bytes) || bytes.includes(0)) {
    throw noInput(
      'standard input is no text in UTF-8',
      'Pipe in text; name pictures and other files in the narrative.',
    );
  }
  return new TextDecoder().decode(bytes);
}

function noInput(message: string, hint: string): BoticelliError {
  return new BoticelliError('no_input', message, { hint });
}
