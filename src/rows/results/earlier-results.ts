import { closeSync, fchmodSync, fstatSync, openSync, readSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { BoticelliError } from '../../errors.js';
import { isRecord, tryParseJson } from '../../util/json.js';
import { openTemporaryFile } from '../../util/write-files.js';
import { hashToInteger } from '../short-hash.js';
import { parseCsv } from '../sources/parse-csv.js';
import type { ResultFormat } from './result-format.js';
import type { ResultSubject } from './row-result.js';

/** The completed runs of an earlier results file, each of which is taken once. */
export interface EarlierResults {
  /** Takes the result with a key. Returns false if there is none. */
  take(key: string): boolean;
}

interface ReadEarlierOptions {
  path: string;
  kind: 'ndjson' | 'csv';
  format: ResultFormat;
  actNames: readonly string[];
}

/**
 * Reads an earlier results file, and rewrites it without failed rows, which are asked again, and without a last line that
 * a crash has cut.
 *
 * @throws BoticelliError `usage` if the file has other content
 */
export async function readEarlierResults(options: ReadEarlierOptions): Promise<EarlierResults> {
  const { path } = options;
  const counts = new Map<number, number>();
  const { fd, temporaryPath } = openTemporaryFile(path, 0o600);
  try {
    let isChanged = false;
    const read = options.kind === 'csv' ? readCsvResults(options) : readNdjsonResults(options);
    for await (const { raw, key } of read) {
      if (raw === undefined) isChanged = true;
      else writeSync(fd, `${raw}\n`);
      if (key === undefined) continue;
      const hash = hashToInteger(key);
      counts.set(hash, (counts.get(hash) ?? 0) + 1);
    }
    fchmodSync(fd, statSync(path).mode & 0o7777);
    if (isChanged) renameSync(temporaryPath, path);
  } finally {
    closeSync(fd);
    rmSync(temporaryPath, { force: true });
  }
  return {
    take(key) {
      const hash = hashToInteger(key);
      const count = counts.get(hash) ?? 0;
      if (count > 0) counts.set(hash, count - 1);
      return count > 0;
    },
  };
}

/** A line that stays, with its key unless it is the header; without `raw`, a line that is removed. */
interface EarlierLine {
  raw?: string;
  key?: string;
}

async function* readNdjsonResults({ path, format, actNames }: ReadEarlierOptions): AsyncGenerator<EarlierLine> {
  let number = 0;
  for (const { line, isWhole } of readLines(path)) {
    number += 1;
    const value = tryParseJson(line);
    if (!isWhole) yield {};
    else if (!isOwnResult(value, actNames)) throw createForeignError(`${path}:${number}`);
    else yield value.status === 'completed' ? { raw: line, key: format.getKey(value) } : {};
  }
}

function isOwnResult(value: unknown, actNames: readonly string[]): value is ResultSubject & { status: string } {
  if (!isRecord(value) || !isRecord(value.row) || !isRecord(value.replies)) return false;
  if (value.matrix !== undefined && !isRecord(value.matrix)) return false;
  return typeof value.status === 'string' && Object.keys(value.replies).every((act) => actNames.includes(act));
}

async function* readCsvResults({ path, format }: ReadEarlierOptions): AsyncGenerator<EarlierLine> {
  const columns = format.header.trimEnd();
  let columnCount = 0;
  let statusIndex = 0;
  let subjectCount = 0;
  try {
    for await (const { fields, raw, line } of parseCsv(readWholeText(path), { delimiter: ',', name: path })) {
      if (line === 1) {
        if (raw !== columns) throw createForeignError(path);
        columnCount = fields.length;
        statusIndex = fields.length - 2;
        subjectCount = fields.lastIndexOf('reply');
        yield { raw };
      } else if (fields.length !== columnCount) throw createForeignError(`${path}:${line}`);
      else if (fields[statusIndex] !== 'completed') yield {};
      else yield { raw, key: JSON.stringify(fields.slice(0, subjectCount)) };
    }
  } catch (thrown) {
    // A crash may have cut the last line within quotes. The parser reports that only after all other lines.
    if (!(thrown instanceof BoticelliError) || !thrown.message.includes('never closed')) throw thrown;
    yield {};
  }
}

/** Yields the text of a file up to its last newline. */
async function* readWholeText(path: string): AsyncGenerator<string> {
  for (const { line, isWhole } of readLines(path)) if (isWhole) yield `${line}\n`;
}

/** Reads the lines of a file. Only the last one may have no newline. */
function* readLines(path: string): Generator<{ line: string; isWhole: boolean }> {
  const fd = openSync(path, 'r');
  try {
    if (!fstatSync(fd).isFile()) throw createForeignError(path);
    const pieces: Buffer[] = [];
    for (let chunk = readChunk(fd); chunk.length > 0; chunk = readChunk(fd)) {
      let start = 0;
      for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
        pieces.push(chunk.subarray(start, end));
        yield { line: Buffer.concat(pieces.splice(0)).toString(), isWhole: true };
        start = end + 1;
      }
      pieces.push(chunk.subarray(start));
    }
    const rest = Buffer.concat(pieces);
    if (rest.length > 0) yield { line: rest.toString(), isWhole: false };
  } finally {
    closeSync(fd);
  }
}

function readChunk(fd: number): Buffer {
  const buffer = Buffer.allocUnsafe(65_536);
  return buffer.subarray(0, readSync(fd, buffer));
}

function createForeignError(place: string): BoticelliError {
  return new BoticelliError('usage', `${place} is not a result of this narrative`, {
    hint: 'Name a new file with --results, or the one that the earlier run of this narrative wrote. It was not changed.',
  });
}
