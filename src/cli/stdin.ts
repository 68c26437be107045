import { isUtf8 } from 'node:buffer';
import { fstatSync } from 'node:fs';
import { addAbortSignal } from 'node:stream';
import { BoticelliError } from '../errors.js';
import type { Host } from './process.js';

/** As much as a request can carry: no model reads more. */
const mostBytes = 100_000_000;

/**
 * Reads standard input to its end, for `{{stdin}}`, and warns where there is no text in it: a pipe may bring none where one
 * was expected. Rejects with `no_input` where it is a terminal or a folder, is no text or is too long, and with the signal's
 * reason once that is aborted.
 */
export async function readStandardInput(
  { stdin }: Pick<Host, 'stdin'>,
  { signal, warn }: { signal: AbortSignal; warn: (text: string) => void },
): Promise<string> {
  if (stdin.isTTY) {
    throw noInput(
      'the narrative uses {{stdin}}, and standard input is a terminal',
      'Pipe a text into it, or add < file.',
    );
  }
  assertNoFolder(stdin);
  const text = textOf(await bytesOf(stdin, signal));
  if (text.trim() === '') warn('there is no text on standard input, so {{stdin}} stands for none');
  return text;
}

/** Throws `no_input` where standard input is a folder: Node would have it be empty. */
export function assertNoFolder({ fd }: Host['stdin']): void {
  if (fd === undefined || !fstatSync(fd).isDirectory()) return;
  throw noInput('standard input is a folder', 'Pipe a text into it, or add < file.');
}

async function bytesOf(stdin: Host['stdin'], signal: AbortSignal): Promise<Buffer> {
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
  return Buffer.concat(chunks);
}

function textOf(bytes: Buffer): string {
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
