import { BoticelliError } from '../../errors.js';
import { tryParseJson } from '../../util/json.js';
import { readRegularFile } from '../../util/read-regular-file.js';
import { formatRequestId } from '../replies/request-id.js';
import { parseEntry, type RecordingEntry } from './recording-entry.js';

/** The largest recording that is read: half of the longest text that JavaScript can hold. */
export const maxRecordingBytes = 256_000_000;

/** The content of a recording. */
interface Recording {
  /** The entries by `formatRequestId`. If several lines are for the same request, the last one counts. */
  entries: Map<string, RecordingEntry>;
  /** The length of the file in bytes, without a last line that a crash has cut. */
  wholeLinesLength: number;
  /** Whether the last line that is not cut ends with a newline. */
  endsWithNewline: boolean;
}

/**
 * Reads a recording. Ignores a last line that a crash has cut.
 *
 * @throws BoticelliError `no_input` if the file can't be read or is not a recording
 */
export function readRecording(path: string): Recording {
  const bytes = readBytes(path);
  const lastLineStart = bytes.lastIndexOf('\n') + 1;
  const lines = decodeUtf8(bytes.subarray(0, lastLineStart), path).split('\n');
  const entries = new Map<string, RecordingEntry>();
  const add = (entry: RecordingEntry) => entries.set(formatRequestId(entry), entry);
  for (const [index, line] of lines.entries()) {
    if (line.trim() !== '') add(parseLine(line, path, index + 1));
  }
  const lastLine = bytes.subarray(lastLineStart).toString('utf8');
  if (isCutLine(lastLine)) return { entries, wholeLinesLength: lastLineStart, endsWithNewline: true };
  // An editor may have removed the last newline.
  if (lastLine !== '') add(parseLine(lastLine, path, lines.length));
  if (bytes.length > 0 && entries.size === 0) throw createInvalidRecordingError(`${path} is not a recording`);
  return { entries, wholeLinesLength: bytes.length, endsWithNewline: lastLine === '' };
}

/** Creates the error for a file that is not a recording. */
export function createInvalidRecordingError(message: string, cause?: unknown): BoticelliError {
  return new BoticelliError('no_input', message, {
    hint: 'Name a file that --record wrote, or a new file. Nothing was sent or changed.',
    ...(cause !== undefined && { cause }),
  });
}

function parseLine(line: string, path: string, lineNumber: number): RecordingEntry {
  try {
    return parseEntry(line);
  } catch (thrown) {
    throw new BoticelliError('no_input', `${path}:${lineNumber}: this line ${(thrown as Error).message}`, {
      hint: 'Each line must be a JSON object that --record wrote: fix it, or name another file. Nothing was sent or changed.',
      cause: thrown,
    });
  }
}

/** How every recorded line begins. `#` stands for the digits of the key and of the occurrence. */
const lineStart = '{"key":"#","occurrence":#,"request":{"model":"';

/**
 * Whether a last line without a newline is what a crash left of a recorded line. Only then may it be removed: a file
 * that is not a recording may end without a newline too, and must stay unchanged.
 */
function isCutLine(line: string): boolean {
  const start = line
    .slice(0, 200)
    .replace(/^(\{"key":")[0-9a-f]{1,64}/, '$1#')
    .replace(/^(\{"key":"#","occurrence":)\d+/, '$1#');
  // Without a digit of the key, too little of the line is left to tell it from other JSON.
  const beginsLikeEntry = start.includes('#') && (start.startsWith(lineStart) || lineStart.startsWith(start));
  return beginsLikeEntry && tryParseJson(line) === undefined;
}

function readBytes(path: string): Buffer {
  const content = readRegularFile(path, maxRecordingBytes);
  if (content.ok) return content.bytes;
  const { reason, message } = content.problem;
  throw new BoticelliError('no_input', `the recording ${path} ${message}`, {
    hint:
      reason === 'missing'
        ? `Create a recording: run the narrative once with --record ${path}.`
        : 'Name a file that --record wrote. Nothing was sent or changed.',
  });
}

function decodeUtf8(bytes: Buffer, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw createInvalidRecordingError(`${path} is not a recording: it is not valid UTF-8`, cause);
  }
}
