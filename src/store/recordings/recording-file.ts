import {
  closeSync,
  existsSync,
  fstatSync,
  lstatSync,
  readlinkSync,
  realpathSync,
  rmSync,
  statSync,
  truncateSync,
} from 'node:fs';
import { appendWhole, openForAppending, withOutputError, writeAtomically } from '../../util/write-files.js';
import { formatRequestId } from '../replies/request-id.js';
import { createInvalidRecordingError, maxRecordingBytes, readRecording } from './read-recording.js';
import { hashReplyTurn, type RecordingEntry } from './recording-entry.js';

const outputErrorOptions = {
  hint: 'Check the disk space and the permissions, or name another file with --record.',
};

/** A recording that a run writes. If the file can't be written, both methods throw `output_failed`. */
export interface RecordingFile {
  /** Appends a reply. When the method returns, the line is in the file. */
  add(entry: RecordingEntry): void;
  /**
   * If replies were added, sorts the file, and removes the requests whose conversation contains a reply that the run
   * has replaced. If none were added, removes a file that the run has created. Call it at the end of the run, even if
   * the run has failed.
   */
  finish(): void;
}

/**
 * Opens a recording for adding replies, or creates it. Checks that the file can be written, before any request is sent.
 * A file that is not a recording stays unchanged.
 *
 * @throws BoticelliError `output_failed` if the file can't be written; `no_input` if it exists and is not a recording
 */
export function openRecording(file: string): RecordingFile {
  const path = withOutputError(file, outputErrorOptions, () => resolveRecordingPath(file));
  const existed = existsSync(path);
  const entriesBefore = existed ? readAndRepair(path) : new Map<string, RecordingEntry>();
  withOutputError(path, outputErrorOptions, () => append(path, ''));
  const addedEntries = new Map<string, RecordingEntry>();
  return {
    add(entry) {
      // The file is opened by name each time, because another run may replace it when that run ends.
      withOutputError(path, outputErrorOptions, () => append(path, formatLine(entry)));
      addedEntries.set(formatRequestId(entry), entry);
    },
    finish() {
      withOutputError(path, outputErrorOptions, () => {
        const status = lstatSync(path, { throwIfNoEntry: false });
        if (addedEntries.size > 0) {
          const lines = mergeEntries(path, entriesBefore, addedEntries).map(formatLine);
          writeAtomically(path, lines.join(''), status?.mode);
        } else if (!existed && status?.size === 0) rmSync(path);
      });
    },
  };
}

/**
 * Returns the path of the file; for a symbolic link, the path of its target. A link may have come with a folder that
 * someone else wrote, and may lead to any file of the user. It is therefore followed only to a file that has content,
 * and `readRecording` then checks that the content is a recording.
 */
function resolveRecordingPath(file: string): string {
  if (!lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink()) return file;
  if (!existsSync(file)) {
    throw createInvalidRecordingError(`${file} is a symbolic link to ${readlinkSync(file)}, which does not exist`);
  }
  const status = statSync(file);
  // A special file may have no real path, such as a pipe that /dev/stdout leads to. The message then shows the target
  // as it is written in the link.
  const target = status.isFile() ? realpathSync(file) : readlinkSync(file);
  if (status.isFile() && status.size > 0) return target;
  throw createInvalidRecordingError(`${file} is a symbolic link to ${target}, which is not a recording`);
}

/** Reads a recording and repairs its end: removes a last line that a crash has cut, and adds a missing newline. */
function readAndRepair(path: string): Map<string, RecordingEntry> {
  const { entries, wholeLinesLength, endsWithNewline } = readRecording(path);
  withOutputError(path, outputErrorOptions, () => {
    if (wholeLinesLength < statSync(path).size) truncateSync(path, wholeLinesLength);
    if (!endsWithNewline) append(path, '\n');
  });
  return entries;
}

/** Appends text, and creates the file if necessary. Fails if the path has become a symbolic link. */
function append(path: string, text: string): void {
  const fd = openForAppending(path);
  try {
    // A larger recording could not be read again.
    if (fstatSync(fd).size + Buffer.byteLength(text) > maxRecordingBytes)
      throw new Error(`it would be larger than ${maxRecordingBytes / 1_000_000} MB, the limit of a recording`);
    appendWhole(fd, text);
  } finally {
    closeSync(fd);
  }
}

type Entries = ReadonlyMap<string, RecordingEntry>;

/**
 * Merges the entries of this run into the current entries of the file, which may differ from `before`, because another
 * run may have changed the file in the meantime. Returns them sorted, without the requests that follow a replaced
 * reply.
 */
function mergeEntries(path: string, before: Entries, added: Entries): RecordingEntry[] {
  const current = existsSync(path) ? readRecording(path).entries : before;
  const all = new Map([...current, ...added]);
  const replaced = [...added.keys()].flatMap((id) => before.get(id) ?? []);
  removeFollowUps(replaced.map(hashReplyTurn), all, added);
  return [...all.values()].sort(compareEntries);
}

/**
 * Removes the requests whose conversation contains a replaced reply, because no run can send them again. Otherwise, the
 * file would grow each time the narrative is recorded. Keeps the requests that this run has added. If another entry
 * still has an equal reply, the requests after the replaced reply are kept too.
 */
function removeFollowUps(replacedHashes: readonly string[], all: Map<string, RecordingEntry>, added: Entries): void {
  const currentHashes = new Set([...all.values()].map(hashReplyTurn));
  const removedHashes = new Set(replacedHashes.filter((hash) => !currentHashes.has(hash)));
  if (removedHashes.size === 0) return;
  for (const [id, { request }] of all) {
    const { after: earlierTurnHashes } = request;
    if (!added.has(id) && earlierTurnHashes.some((hash) => removedHashes.has(hash))) all.delete(id);
  }
}

/**
 * Compares entries by the length of the conversation, then by the request, but never by the reply. So the lines follow
 * the order of the narrative, and keep their positions when the narrative is recorded again.
 */
function compareEntries(left: RecordingEntry, right: RecordingEntry): number {
  const countEarlierTurns = ({ request: { after: earlierTurnHashes } }: RecordingEntry) => earlierTurnHashes.length;
  const byDepth = countEarlierTurns(left) - countEarlierTurns(right);
  const byRequest = byDepth || compareText(getSortKey(left), getSortKey(right)) || left.occurrence - right.occurrence;
  return byRequest || compareText(getRowId(left), getRowId(right));
}

function getRowId({ instance: rowId = '' }: RecordingEntry): string {
  return rowId;
}

function getSortKey({ key, request }: RecordingEntry): string {
  const { model, system = '', parameters, asked: promptParts } = request;
  return JSON.stringify([promptParts, model, system, parameters, key]);
}

function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Formats an entry as a line, with its fields in a fixed order: the request before the reply. */
function formatLine({ key, occurrence, request, reply, instance: rowId }: RecordingEntry): string {
  return `${JSON.stringify({ key, occurrence, request, reply, instance: rowId })}\n`;
}
