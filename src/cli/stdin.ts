import { isUtf8 } from 'node:buffer';
import { fstatSync } from 'node:fs';
import { addAbortSignal } from 'node:stream';
import { BoticelliError } from '../errors.js';
import type { CliProcess } from './process.js';

/** As much as a request can carry: no model reads more. */
const maxBytes = 100_000_000;

/**
 * Reads standard input to its end, for `{{stdin}}`, and warns where there is no text in it: a pipe may bring none where one
 * was expected. Rejects with `no_input` where it is a terminal or a folder, is no text or is too long, and with the signal's
 * reason once that is aborted.
 */
export async function readStdinText(
  { stdin }: Pick<CliProcess, 'stdin'>,
  { signal, warn }: { signal: AbortSignal; warn: (text: string) => void },
): Promise<string> {
  if (stdin.isTTY) {
    throw noInputError(
      'the narrative uses {{stdin}}, and standard input is a terminal',
      'Pipe a text into it, or add < file.',
    );
  }
  assertStdinIsNotFolder(stdin);
  const text = decodeText(await readBytes(stdin, signal));
  if (text.trim() === '') warn('there is no text on standard input, so {{stdin}} stands for none');
  return text;
}

/** Throws `no_input` where standard input is a folder: Node would have it be empty. */
export function assertStdinIsNotFolder({ fd }: CliProcess['stdin']): void {
  if (fd === undefined || !fstatSync(fd).isDirectory()) return;
  throw noInputError('standard input is a folder', 'Pipe a text into it, or add < file.');
}

async function readBytes(stdin: CliProcess['stdin'], signal: AbortSignal): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of addAbortSignal(signal, stdin)) {
      chunks.push(Buffer.from(chunk));
      length += Buffer.byteLength(chunk);
      if (length > maxBytes) break;
    }
  } catch (thrown) {
    signal.throwIfAborted();
    throw noInputError(`standard input can't be read: ${(thrown as Error).message}`, 'Check what is piped into it.');
  }
  if (length > maxBytes) throw noInputError('standard input is longer than 100 MB', 'Pipe in the part that matters.');
  return Buffer.concat(chunks);
}

function decodeText(bytes: Buffer): string {
  // A text has no NUL: the same rule by which grep and git tell what is binary.
  if (!isUtf8(bytes) || bytes.includes(0)) {
    throw noInputError(
      'standard input is no text in UTF-8',
      'Pipe in text; name pictures and other files in the narrative.',
    );
  }
  return new TextDecoder().decode(bytes);
}

function noInputError(message: string, hint: string): BoticelliError {
  return new BoticelliError('no_input', message, { hint });
}
