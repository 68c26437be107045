import { appendFileSync, existsSync, realpathSync, rmSync, statSync, truncateSync } from 'node:fs';
import { BoticelliError } from '../../errors.js';
import { writeAtomically } from '../../util/write-atomically.js';
import { formatRequestId, readRecording } from './read-recording.js';
import { hashReplyTurn, type RecordingEntry } from './recording-entry.js';

/** A recording that a run writes. Both throw `output_failed`. */
export interface RecordingFile {
  /** Appends an answer: when this returns it is in the file, as a whole line. */
  add(entry: RecordingEntry): void;
  /** Brings the file into its order. To be called when the run is over, however it ended. */
  finish(): void;
}

/**
 * Opens a recording to add to it, and finds out that it can be written before anything is spent; makes one where there is
 * none. Throws `output_failed`, and `no_input` where there is a file that is no recording: that is not touched.
 */
export function openRecording(file: string): RecordingFile {
  const path = existsSync(file) ? realpathSync(file) : file;
  const existed = existsSync(path);
  const entriesBefore = existed ? readAndRepair(path) : new Map<string, RecordingEntry>();
  withOutputError(path, () => appendFileSync(path, ''));
  const addedEntries = new Map<string, RecordingEntry>();
  return {
    add(answer) {
      // By name, not by a descriptor: another run that ends meanwhile puts a new file in the old one's place.
      withOutputError(path, () => appendFileSync(path, formatLine(answer)));
      addedEntries.set(formatRequestId(answer), answer);
    },
    finish() {
      if (addedEntries.size > 0)
        withOutputError(path, () => {
          const lines = mergeEntries(path, entriesBefore, addedEntries).map(formatLine);
          writeAtomically(path, lines.join(''), statSync(path, { throwIfNoEntry: false })?.mode);
        });
      else if (!existed) withOutputError(path, () => removeIfEmpty(path));
    },
  };
}

/** What a recording has, its last line whole: a crash may have left half of one, an editor no end of it. */
function readAndRepair(path: string): Map<string, RecordingEntry> {
  // A pipe, or a device, would have us wait for its end.
  if (!statSync(path).isFile()) throw createOutputError(path, 'it is no regular file');
  const { entries, completeBytes, endsWithNewline } = readRecording(path);
  withOutputError(path, () => {
    if (completeBytes < statSync(path).size) truncateSync(path, completeBytes);
    if (!endsWithNewline) appendFileSync(path, '\n');
  });
  return entries;
}

type Entries = ReadonlyMap<string, RecordingEntry>;

/** What the file has, and what this run added: another run may have added to it meanwhile. */
function mergeEntries(path: string, before: Entries, added: Entries): RecordingEntry[] {
  const current = existsSync(path) ? readRecording(path).entries : before;
  const all = new Map([...current, ...added]);
  const replaced = [...added.keys()].flatMap((id) => before.get(id) ?? []);
  removeFollowUps(replaced.map(hashReplyTurn), all, added);
  return [...all.values()].sort(compareEntries);
}

/**
 * A reply that was replaced is in no conversation any more, so what was asked after it can't be asked again: without this,
 * a recording that is made anew would keep all that it ever had.
 */
function removeFollowUps(hashes: readonly string[], all: Map<string, RecordingEntry>, added: Entries): void {
  const currentHashes = new Set([...all.values()].map(hashReplyTurn));
  const removedHashes = new Set(hashes.filter((hash) => !currentHashes.has(hash)));
  if (removedHashes.size === 0) return;
  for (const [id, { request }] of all) {
    if (!added.has(id) && request.after.some((hash) => removedHashes.has(hash))) all.delete(id);
  }
}

/**
 * By how much conversation comes before, then by what is asked: never by what was answered. So a recording that is made anew
 * has its lines where they were, and those of one narrative stand in its order.
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

/** The fields in an order of their own, whoever made the answer: what was asked comes before what was answered. */
function formatLine({ key, occurrence, request, reply }: RecordingEntry): string {
  return `${JSON.stringify({ key, occurrence, request, reply })}\n`;
}

/** A run that had no reply leaves no file behind. */
function removeIfEmpty(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.size === 0) rmSync(path);
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
    hint: 'Make room, or name another file with --record.',
    cause,
  });
}
