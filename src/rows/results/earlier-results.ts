import { closeSync, fchmodSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { BoticelliError } from '../../errors.js';
import { isRecord, tryParseJsonWithBigints } from '../../util/json.js';
import { openTemporaryFile } from '../../util/write-files.js';
import { hashToInteger } from '../short-hash.js';
import { parseCsv } from '../sources/parse-csv.js';
import { isRowFormatError } from '../sources/source-errors.js';
import { splitLines } from '../sources/split-lines.js';
import { type ColumnOptions, listAddedColumns, type ResultFormat } from './result-format.js';
import type { RowResult } from './row-result.js';
import { readWholeLines } from './whole-lines.js';

/**
 * The completed results in the file of an earlier run. Each is the result of one row; with `--matrix`, of one row and
 * one combination.
 */
export interface EarlierResults {
  /** Claims a result with this key. Each result can be claimed once. Returns false if none is left. */
  claim(key: string): boolean;
}

interface ReadEarlierOptions {
  path: string;
  kind: 'ndjson' | 'csv';
  format: ResultFormat;
  actNames: readonly string[];
}

/**
 * Reads the results file of an earlier run. Rewrites it without failed rows, because they run again, and without a last
 * line that a crash has cut.
 *
 * @throws BoticelliError `usage` if the file has other content
 */
export async function readEarlierResults(options: ReadEarlierOptions): Promise<EarlierResults> {
  const { path } = options;
  const counts = new Map<number, number>();
  const { fd, temporaryPath } = openTemporaryFile(path, 0o600);
  try {
    let isChanged = false;
    const onCutLine = (wholeLinesLength: number) => {
      // Without a single whole line, nothing shows that an earlier run wrote the file.
      if (wholeLinesLength === 0) throw createNotResultError(path);
      isChanged = true;
    };
    const text = readWholeLines(path, { onCutLine });
    const read = options.kind === 'csv' ? readCsvResults(text, options) : readNdjsonResults(text, options);
    for await (const { raw, key } of replaceFormatErrors(read, path)) {
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
    claim(key) {
      const hash = hashToInteger(key);
      const count = counts.get(hash) ?? 0;
      if (count > 0) counts.set(hash, count - 1);
      return count > 0;
    },
  };
}

/**
 * Reads the columns of the source from the header of an earlier CSV file.
 *
 * @throws BoticelliError `usage` if the file has another header
 */
export async function readSourceColumns(path: string, options: ColumnOptions): Promise<string[]> {
  const added = listAddedColumns(options);
  const text = readWholeLines(path);
  const records = replaceFormatErrors(parseCsv(text, { delimiter: ',', name: path, maxBytes: noLimit }), path);
  for await (const { fields } of records) {
    const columns = fields.slice(0, -added.length);
    if (isDeepStrictEqual(fields.slice(columns.length), added)) return columns;
    break;
  }
  throw createNotResultError(path);
}

/**
 * Replaces an error of parsing with one that says that an earlier run did not write the file. What exactly is wrong in
 * the file does not matter then.
 */
async function* replaceFormatErrors<Item>(items: AsyncIterable<Item>, path: string): AsyncGenerator<Item> {
  try {
    yield* items;
  } catch (thrown) {
    throw isRowFormatError(thrown) ? createNotResultError(path) : thrown;
  }
}

/** The header or a result in the file. */
interface EarlierLine {
  /** The text to keep. Absent for a line that is removed. */
  raw?: string;
  /** The key of a completed result. Absent for the header and for a line that is removed. */
  key?: string;
}

/** Lines of a results file may have any length: a result contains its row and the replies. */
const noLimit = Number.MAX_SAFE_INTEGER;

async function* readNdjsonResults(
  text: AsyncIterable<string>,
  { path, format, actNames }: ReadEarlierOptions,
): AsyncGenerator<EarlierLine> {
  for await (const { raw, line } of splitLines(text, path, noLimit)) {
    const value = tryParseJsonWithBigints(raw);
    if (!isResultOfNarrative(value, actNames)) throw createNotResultError(`${path}:${line}`);
    const { row: rowValues, matrix, status } = value;
    yield status === 'completed' ? { raw, key: format.getKey({ rowValues, matrix }) } : {};
  }
}

function isResultOfNarrative(
  value: unknown,
  actNames: readonly string[],
): value is Pick<RowResult, 'row' | 'matrix' | 'status'> {
  if (!isRecord(value) || !isRecord(value.row) || !isRecord(value.replies)) return false;
  if (value.matrix !== undefined && !isRecord(value.matrix)) return false;
  return typeof value.status === 'string' && Object.keys(value.replies).every((act) => actNames.includes(act));
}

async function* readCsvResults(
  text: AsyncIterable<string>,
  { path, format }: ReadEarlierOptions,
): AsyncGenerator<EarlierLine> {
  const header = format.header.trimEnd();
  let columnCount = 0;
  let statusIndex = 0;
  let keyCellCount = 0;
  let lineCount = 0;
  let hasUnclosedQuote = false;
  const onUnclosedQuote = () => {
    hasUnclosedQuote = true;
  };
  const options = { delimiter: ',', name: path, maxBytes: noLimit, onUnclosedQuote } as const;
  for await (const { fields, raw, line } of parseCsv(text, options)) {
    if (line === 1) {
      if (raw !== header) throw createNotResultError(path);
      columnCount = fields.length;
      // The columns before `reply` are those of the row and its combination. Their cells form the key of a result.
      // The last two columns are `status` and `error`.
      statusIndex = fields.length - 2;
      keyCellCount = fields.lastIndexOf('reply');
      yield { raw };
    } else if (fields.length !== columnCount) throw createNotResultError(`${path}:${line}`);
    else if (fields[statusIndex] !== 'completed') yield {};
    else yield { raw, key: JSON.stringify(fields.slice(0, keyCellCount)) };
    lineCount += raw.split('\n').length;
  }
  if (!hasUnclosedQuote) return;
  await assertCutByCrash(path, lineCount);
  yield {};
}

/**
 * A crash may have cut the last result within quotes. A completed result after the quote shows that instead a quote
 * was added or removed in the file. Without a whole line, nothing shows that an earlier run wrote the file.
 */
async function assertCutByCrash(path: string, wholeLineCount: number): Promise<void> {
  if (wholeLineCount === 0) throw createNotResultError(path);
  for await (const { raw, line } of splitLines(readWholeLines(path), path, noLimit)) {
    if (line > wholeLineCount && raw.endsWith(',completed,')) {
      throw createNotResultError(`${path}:${wholeLineCount + 1}`);
    }
  }
}

function createNotResultError(place: string): BoticelliError {
  return new BoticelliError('usage', `${place} is not a result of this narrative`, {
    hint: 'Name a new file with --results, or the one that the earlier run of this narrative wrote. The file was not changed.',
  });
}
