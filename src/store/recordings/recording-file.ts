import { appendFileSync, existsSync, readFileSync, realpathSync, rmSync, statSync, truncateSync } from 'node:fs';
import { BoticelliError } from '../../errors.js';
import { writeAtomically } from '../../util/write-atomically.js';
import { formatRequestId } from '../replies/request-id.js';
import { hashReplyTurn, parseEntry, type RecordingEntry } from './recording-entry.js';

/** A recording that a run writes. If the file can't be written, both methods throw `output_failed`. */
export interface RecordingFile {
  /** Appends a reply. When the method returns, the line is in the file. */
  add(entry: RecordingEntry): void;
  /** Sorts the file. Call it at the end of the run, even if the run has failed. */
  finish(): void;
}

/**
 * Opens a recording for adding replies, or creates it. Checks that the file can be written, before any request is sent.
 *
 * @throws BoticelliError `output_failed` if the file can't be written; `no_input` if it exists and is not a recording
 *   (the file stays unchanged)
 */
export function openRecording(file: string): RecordingFile {
  const path = existsSync(file) ? realpathSync(file) : file;
  const existed = existsSync(path);
  const entriesBefore = existed ? readAndRepair(path) : new Map<string, RecordingEntry>();
  withOutputError(path, () => appendFileSync(path, ''));
  const addedEntries = new Map<string, RecordingEntry>();
  return {
    add(entry) {
      // The file is opened by name each time, because another run may replace it when that run ends.
      withOutputError(path, () => appendFileSync(path, formatLine(entry)));
      addedEntries.set(formatRequestId(entry), entry);
    },
    finish() {
      withOutputError(path, () => {
        const status = statSync(path, { throwIfNoEntry: false });
        if (addedEntries.size > 0) {
          const lines = mergeEntries(path, entriesBefore, addedEntries).map(formatLine);
          writeAtomically(path, lines.join(''), status?.mode);
        } else if (!existed && status?.size === 0) rmSync(path);
      });
    },
  };
}

/** Reads a recording and repairs its end: removes an incomplete last line, and adds a missing newline. */
function readAndRepair(path: string): Map<string, RecordingEntry> {
  // Reading a pipe or a device could block.
  if (!statSync(path).isFile()) throw createOutputError(path, 'not a regular file');
  const { entries, completeBytes, endsWithNewline } = readRecording(path);
  withOutputError(path, () => {
    if (completeBytes < statSync(path).size) truncateSync(path, completeBytes);
    if (!endsWithNewline) appendFileSync(path, '\n');
  });
  return entries;
}

type Entries = ReadonlyMap<string, RecordingEntry>;

/** Merges the entries of this run into those of the file, which another run may have changed in the meantime. */
function mergeEntries(path: string, before: Entries, added: Entries): RecordingEntry[] {
  const current = existsSync(path) ? readRecording(path).entries : before;
  const all = new Map([...current, ...added]);
  const replaced = [...added.keys()].flatMap((id) => before.get(id) ?? []);
  removeFollowUps(replaced.map(hashReplyTurn), all, added);
  return [...all.values()].sort(compareEntries);
}

/**
 * Removes the requests whose conversation contains a replaced reply, because no run can send them again. Otherwise, the
 * file would grow each time the narrative is recorded.
 */
function removeFollowUps(replacedHashes: readonly string[], all: Map<string, RecordingEntry>, added: Entries): void {
  const currentHashes = new Set([...all.values()].map(hashReplyTurn));
  const removedHashes = new Set(replacedHashes.filter((hash) => !currentHashes.has(hash)));
  if (removedHashes.size === 0) return;
  for (const [id, { request }] of all) {
    if (!added.has(id) && request.after.some((hash) => removedHashes.has(hash))) all.delete(id);
  }
}

/**
 * Compares entries by the length of the conversation, then by the request, but never by the reply. So the lines follow
 * the order of the narrative, and keep their positions when the narrative is recorded again.
 */
function compareEntries(left: RecordingEntry, right: RecordingEntry): number {
  const depth = left.request.after.length - right.request.after.length;
  return depth || compareText(getSortKey(left), getSortKey(right)) || left.occurrence - right.occurrence;
}

function getSortKey({ key, request: { model, system = '', parameters, asked } }: RecordingEntry): string {
  return JSON.stringify([asked, model, system, parameters, key]);
}

function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Formats an entry as a line, with its fields in a fixed order: the request before the reply. */
function formatLine({ key, occurrence, request, reply }: RecordingEntry): string {
  return `${JSON.stringify({ key, occurrence, request, reply })}\n`;
}

function withOutputError(path: string, write: () => void): void {
  try {
    write();
  } catch (thrown) {
    throw thrown instanceof BoticelliError ? thrown : createOutputError(path, (thrown as Error).message, thrown);
  }
}

function createOutputError(path: string, reason: string, cause?: unknown): BoticelliError {
  return new BoticelliError('output_failed', `can't write ${path}: ${reason}`, {
    hint: 'Check the disk space and the permissions, or name another file with --record.',
    cause,
  });
}

/** The content of a recording. */
interface Recording {
  /** The entries by `formatRequestId`. If several lines are for the same request, the last one counts. */
  entries: Map<string, RecordingEntry>;
  /** The number of bytes up to the end of the last complete line. After a crash, an incomplete line may follow. */
  completeBytes: number;
  /** Whether the last complete line ends with a newline. */
  endsWithNewline: boolean;
}

/**
 * Reads a recording. Ignores an incomplete last line, which a crash may have left.
 *
 * @throws BoticelliError `no_input` if the file can't be read, or a line is not a recorded reply
 */
export function readRecording(path: string): Recording {
  const bytes = readBytes(path);
  const completeBytes = bytes.lastIndexOf('\n') + 1;
  const completeText = decodeUtf8(bytes.subarray(0, completeBytes), path);
  const trailingBytes = bytes.subarray(completeBytes);
  const entries = new Map<string, RecordingEntry>();
  const add = (entry: RecordingEntry) => entries.set(formatRequestId(entry), entry);
  for (const [index, line] of completeText.split('\n').entries()) {
    if (line.trim() === '') continue;
    try {
      add(parseEntry(line));
    } catch (thrown) {
      throw new BoticelliError('no_input', `${path}:${index + 1}: this line ${(thrown as Error).message}`, {
        hint: 'Fix or remove the line: each line is a JSON object that --record wrote. Nothing was sent.',
        cause: thrown,
      });
    }
  }
  const lastEntry = trailingBytes.length === 0 ? undefined : parseUnterminatedEntry(trailingBytes);
  if (lastEntry) add(lastEntry);
  return { entries, completeBytes: lastEntry ? bytes.length : completeBytes, endsWithNewline: !lastEntry };
}

/**
 * Parses a last line that has no newline. The line is complete if an editor removed the newline. After a crash it is
 * incomplete, and the result is undefined.
 */
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
