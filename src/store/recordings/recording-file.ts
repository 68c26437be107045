import { randomBytes } from 'node:crypto';
import {
  appendFileSync,
  existsSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { BoticelliError } from '../../errors.js';
import { answerId, readRecording } from './read-recording.js';
import { type RecordedAnswer, replyHash } from './recorded-answer.js';

/** A recording that a run writes. Both throw `output_failed`. */
export interface RecordingFile {
  /** Appends an answer: when this returns it is in the file, as a whole line. */
  add(answer: RecordedAnswer): void;
  /** Brings the file into its order. To be called when the run is over, however it ended. */
  finish(): void;
}

/**
 * Opens a recording to add to it, and finds out that it can be written before anything is spent; makes one where there is
 * none. Throws `output_failed`, and `no_input` where there is a file that is no recording: that is not touched.
 */
export function openRecording(name: string): RecordingFile {
  const path = existsSync(name) ? realpathSync(name) : name;
  const existed = existsSync(path);
  const before = existed ? mendedRecording(path) : new Map<string, RecordedAnswer>();
  orFail(path, () => appendFileSync(path, ''));
  const added = new Map<string, RecordedAnswer>();
  return {
    add(answer) {
      // By name, not by a descriptor: another run that ends meanwhile puts a new file in the old one's place.
      orFail(path, () => appendFileSync(path, lineOf(answer)));
      added.set(answerId(answer), answer);
    },
    finish() {
      if (added.size > 0) orFail(path, () => writeWhole(path, merged(path, before, added).map(lineOf).join('')));
      else if (!existed) orFail(path, () => removeEmpty(path));
    },
  };
}

/** What a recording has, its last line whole: a crash may have left half of one, an editor no end of it. */
function mendedRecording(path: string): Map<string, RecordedAnswer> {
  // A pipe, or a device, would have us wait for its end.
  if (!statSync(path).isFile()) throw failed(path, 'it is no regular file');
  const { answers, wholeBytes, endsLine } = readRecording(path);
  orFail(path, () => {
    if (wholeBytes < statSync(path).size) truncateSync(path, wholeBytes);
    if (!endsLine) appendFileSync(path, '\n');
  });
  return answers;
}

type Answers = ReadonlyMap<string, RecordedAnswer>;

/** What the file has, and what this run added: another run may have added to it meanwhile. */
function merged(path: string, before: Answers, added: Answers): RecordedAnswer[] {
  const found = existsSync(path) ? readRecording(path).answers : before;
  const all = new Map([...found, ...added]);
  const replaced = [...added.keys()].flatMap((id) => before.get(id) ?? []);
  forgetFollowing(replaced.map(replyHash), all, added);
  return [...all.values()].sort(byPlace);
}

/**
 * A reply that was replaced is in no conversation any more, so what was asked after it can't be asked again: without this,
 * a recording that is made anew would keep all that it ever had.
 */
function forgetFollowing(hashes: readonly string[], all: Map<string, RecordedAnswer>, added: Answers): void {
  const given = new Set([...all.values()].map(replyHash));
  const gone = new Set(hashes.filter((hash) => !given.has(hash)));
  if (gone.size === 0) return;
  for (const [id, { request }] of all) {
    if (!added.has(id) && request.after.some((hash) => gone.has(hash))) all.delete(id);
  }
}

/**
 * By how much conversation comes before, then by what is asked: never by what was answered. So a recording that is made anew
 * has its lines where they were, and those of one narrative stand in its order.
 */
function byPlace(left: RecordedAnswer, right: RecordedAnswer): number {
  const depth = left.request.after.length - right.request.after.length;
  return depth || compare(placeOf(left), placeOf(right)) || left.occurrence - right.occurrence;
}

function placeOf({ key, request: { model, system = '', parameters, asked } }: RecordedAnswer): string {
  return JSON.stringify([asked, model, system, parameters, key]);
}

function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

/** The fields in an order of their own, whoever made the answer: what was asked comes before what was answered. */
function lineOf({ key, occurrence, request, reply }: RecordedAnswer): string {
  return `${JSON.stringify({ key, occurrence, request, reply })}\n`;
}

/** The file is there with all that it had or with all that it is to have, whatever happens in between. */
function writeWhole(path: string, content: string): void {
  const unfinished = `${path}.${randomBytes(4).toString('hex')}.unfinished`;
  try {
    const mode = statSync(path, { throwIfNoEntry: false })?.mode;
    writeFileSync(unfinished, content, mode === undefined ? {} : { mode });
    renameSync(unfinished, path);
  } catch (thrown) {
    rmSync(unfinished, { force: true });
    throw thrown;
  }
}

/** A run that had no reply leaves no file behind. */
function removeEmpty(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.size === 0) rmSync(path);
}

function orFail(path: string, write: () => void): void {
  try {
    write();
  } catch (thrown) {
    throw thrown instanceof BoticelliError ? thrown : failed(path, (thrown as Error).message, thrown);
  }
}

function failed(path: string, why: string, cause?: unknown): BoticelliError {
  return new BoticelliError('output_failed', `can't write ${path}: ${why}`, {
    hint: 'Make room, or name another file with --record.',
    cause,
  });
}
