import { readFileSync } from 'node:fs';
import { BoticelliError } from '../../errors.js';
import { formatRequestId } from '../replies/request-id.js';
import { parseEntry, type RecordingEntry } from './recording-entry.js';

/** The content of a recording. */
export interface Recording {
  /** The entries by `formatRequestId`; of two lines for the same request, the later one. */
  entries: Map<string, RecordingEntry>;
  /** The number of bytes up to the end of the last complete line. A crash may leave an incomplete one behind it. */
  completeBytes: number;
  /** Whether the last complete line ends with a newline. */
  endsWithNewline: boolean;
}

/**
 * Reads a recording. An incomplete last line, as a crash leaves it, is ignored.
 *
 * @throws BoticelliError `no_input` if the file can't be read, or a line is not a recorded reply
 */
export function readRecording(path: string): Recording {
  const bytes = readBytes(path);
  const completeBytes = bytes.lastIndexOf('\n') + 1;
  const completeText = decodeUtf8(bytes.subarray(0, completeBytes), path);
  const trailingBytes = bytes.subarray(completeBytes);
  const entries = new Map<string, RecordingEntry>();
  const add = (entry: RecordingEntry) => void entries.set(formatRequestId(entry), entry);
  for (const [index, line] of completeText.split('\n').entries()) {
    if (line.trim() === '') continue;
    try {
      add(parseEntry(line));
    } catch (thrown) {
      throw createInvalidLineError(path, index + 1, thrown);
    }
  }
  const lastEntry = trailingBytes.length === 0 ? undefined : parseUnterminatedEntry(trailingBytes);
  if (lastEntry) add(lastEntry);
  return { entries, completeBytes: lastEntry ? bytes.length : completeBytes, endsWithNewline: !lastEntry };
}

/** Parses a last line without a newline: complete if an editor removed the newline, incomplete after a crash. */
function parseUnterminatedEntry(bytes: Buffer): RecordingEntry | undefined {
  try {
    return parseEntry(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}

function readBytes(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (thrown) {
    const { code, message } = thrown as NodeJS.ErrnoException;
    const problem =
      code === 'ENOENT' ? 'does not exist' : code === 'EISDIR' ? 'is a folder' : `can't be read: ${message}`;
    throw new BoticelliError('no_input', `the recording ${path} ${problem}`, {
      hint: `Create a recording: run the narrative once with --record ${path}.`,
      cause: thrown,
    });
  }
}

function decodeUtf8(bytes: Buffer, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new BoticelliError('no_input', `${path} is not a recording: it is not valid UTF-8`, {
      hint: 'Name a file that --record wrote. Nothing was sent.',
      cause,
    });
  }
}

function createInvalidLineError(path: string, line: number, thrown: unknown): BoticelliError {
  return new BoticelliError('no_input', `${path}:${line}: this line ${(thrown as Error).message}`, {
    hint: 'Fix or remove the line: each line is a JSON object that --record wrote. Nothing was sent.',
    cause: thrown,
  });
}
