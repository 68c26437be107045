import { isUtf8 } from 'node:buffer';
import { fstatSync } from 'node:fs';
import { addAbortSignal } from 'node:stream';
import { type Clock, systemClock } from '../driver/clock.js';
import { BoticelliError } from '../errors.js';
import { maxRequestBytes } from '../facts/media.js';
import { maxNarrativeBytes, type NarrativeContent } from '../narrative/parse/parse-narrative-files.js';
import type { CliProcess } from './process.js';

type StdinProcess = Pick<CliProcess, 'stdin'>;

interface ReadStdinOptions {
  signal: AbortSignal;
  warn: (text: string) => void;
  /** Default: the system's. */
  clock?: Clock;
}

interface ReadStdinTextOptions extends ReadStdinOptions {
  /** Whether standard input may have no text. Default false. */
  allowEmpty?: boolean;
}

/** Standard input that has not ended after this time is probably a pipe or a terminal that was left open by mistake. */
const noticeAfterMs = 1500;

/**
 * Reads standard input as the text of `{{stdin}}`. Warns when it has waited for a while.
 *
 * @throws BoticelliError `no_input` for a terminal, a folder, binary data, or more text than fits into a request. Also
 *   for input without text, unless `allowEmpty` is set: an empty pipe is often a mistake. After an abort, the reason of
 *   the signal.
 */
export async function readStdinText(proc: StdinProcess, options: ReadStdinTextOptions): Promise<string> {
  if (proc.stdin.isTTY) {
    const message = 'the narrative uses {{stdin}}, but standard input is a terminal';
    throw createStdinError(message, 'Pipe text into it, or add < file.');
  }
  const text = decodeText(await readStdinBytes(proc, options, maxRequestBytes, '--allow-empty < /dev/null'));
  if (text.trim() !== '' || options.allowEmpty) return text;
  const message = 'standard input contains no text, but the narrative uses {{stdin}}';
  throw createStdinError(message, 'Pipe text into it, or add --allow-empty.');
}

/**
 * Reads a narrative from standard input. Warns when it has waited for a while.
 *
 * @throws BoticelliError `no_input`, or the reason of the signal
 */
export async function readStdinNarrative(proc: StdinProcess, options: ReadStdinOptions): Promise<NarrativeContent> {
  const bytes = await readStdinBytes(proc, options, maxNarrativeBytes, '< /dev/null');
  return { file: '<stdin>', bytes, folder: '.', isFromStdin: true };
}

/** @param emptyInput what to add to the command, so that standard input is empty */
async function readStdinBytes(
  { stdin }: StdinProcess,
  { signal, warn, clock = systemClock }: ReadStdinOptions,
  maxBytes: number,
  emptyInput: string,
): Promise<Buffer> {
  assertNotFolder(stdin);
  const ended = new AbortController();
  clock.sleep(noticeAfterMs, ended.signal).then(
    () => warn(`waiting for standard input to end: press Ctrl-D at a terminal, or add ${emptyInput} for empty input`),
    () => {},
  );
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
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw createStdinError(`can't read standard input: ${reason}`, 'Check the command that is piped into it.');
  } finally {
    ended.abort();
  }
  if (length <= maxBytes) return Buffer.concat(chunks);
  const message = `standard input is larger than ${maxBytes / 1_000_000} MB`;
  throw createStdinError(message, 'Pipe in only the part that is needed.');
}

/** Throws if standard input is a folder, which Node would read as empty input. */
function assertNotFolder({ fd }: CliProcess['stdin']): void {
  if (fd === undefined || !fstatSync(fd).isDirectory()) return;
  throw createStdinError('standard input is a folder', 'Pipe text into it, or add < file.');
}

function decodeText(bytes: Buffer): string {
  // Data that contains a NUL byte is not text. grep and git detect binary files by the same rule.
  if (isUtf8(bytes) && !bytes.includes(0)) return new TextDecoder().decode(bytes);
  const hint = 'Pipe in text, and list images and other files in the narrative.';
  throw createStdinError('standard input is not UTF-8 text', hint);
}

function createStdinError(message: string, hint: string): BoticelliError {
  return new BoticelliError('no_input', message, { hint });
}
