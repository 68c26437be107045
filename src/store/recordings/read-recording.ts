import { readFileSync } from 'node:fs';
import { BoticelliError } from '../../errors.js';
import { parseEntry, type RecordingEntry } from './recording-entry.js';

/** What a recording has. */
export interface Recording {
  /** By key and occurrence; of two lines for the same, the later one. */
  entries: Map<string, RecordingEntry>;
  /** How many bytes are whole lines: what a crash left behind them is not one. */
  completeBytes: number;
  /** Whether the last of them has its end. */
  endsWithNewline: boolean;
}

/** What tells answers apart. */
export function formatRequestId({ key, occurrence }: Pick<RecordingEntry, 'key' | 'occurrence'>): string {
  return `${key} ${occurrence}`;
}

/**
 * Reads a recording. A last line that was never finished, as a crash leaves it, is no fault. Rejects with `no_input`: where
 * there is no file, and naming the first line that is no answer.
 */
export function readRecording(path: string): Recording {
  const bytes = readBytes(path);
  const completeBytes = bytes.lastIndexOf('\n') + 1;
  const [completeText, trailingBytes] = [
    decodeUtf8(bytes.subarray(0, completeBytes), path),
    bytes.subarray(completeBytes),
  ];
  const entries = new Map<string, RecordingEntry>();
  const lines = completeText.split('\n');
  const add = (entry: RecordingEntry) => void entries.set(formatRequestId(entry), entry);
  for (const [index, line] of lines.entries()) {
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

/** A last line may lack nothing but its end: an editor's work, not a crash's. */
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
      hint: `Make one: run the narrative once with --record ${path}.`,
      cause: thrown,
    });
  }
}

function decodeUtf8(bytes: Buffer, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new BoticelliError('no_input', `${path} is no recording: it is not UTF-8`, {
      hint: 'Nothing was sent.',
      cause,
    });
  }
}

function createInvalidLineError(path: string, line: number, thrown: unknown): BoticelliError {
  return new BoticelliError('no_input', `${path}:${line}: this line ${(thrown as Error).message}`, {
    hint: 'Mend or remove the line: each one is a JSON object that --record wrote. Nothing was sent.',
    cause: thrown,
  });
}
