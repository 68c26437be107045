import { BoticelliError } from '../../errors.js';
import { isRecord, tryParseJsonWithBigints } from '../../util/json.js';
import type { Row, RowSource } from '../row.js';
import { hashToInteger } from '../short-hash.js';
import { openJsonSource } from '../sources/json-source.js';
import { parseCsv } from '../sources/parse-csv.js';
import { isRowFormatError } from '../sources/source-errors.js';
import { splitLines } from '../sources/split-lines.js';
import { readWholeLines } from './whole-lines.js';

/** The rows in a file of `--failed` that an earlier run wrote. */
export interface EarlierFailedRows {
  /** Whether the row is in the file. */
  has(row: Pick<Row, 'raw'>): boolean;
  /**
   * The rows as they are written in the file. Filled only for JSON, whose files are at most 64 MB. Other files may be
   * too large to hold in memory.
   */
  rawRows: readonly string[];
  /** The length of the file in bytes, without a last line that a crash has cut; undefined if no line is cut. */
  wholeLinesLength: number | undefined;
}

/**
 * Reads a file of `--failed` that an earlier run wrote. The file is replaced at the end of this run. A file that the
 * user named by mistake must not be lost, so each row must look like a row of the source: it must have the columns of
 * the source, the keys of one of its rows, or the path of one of its files.
 *
 * @throws BoticelliError `no_input` for any other file. If the rows come from standard input, throws it for every file:
 *   standard input can be read only once, so the file can't be compared with the rows before the run
 */
export async function readEarlierFailed(path: string, source: RowSource): Promise<EarlierFailedRows> {
  const hashes = new Set<number>();
  const rawRows: string[] = [];
  let wholeLinesLength: number | undefined;
  const onCutLine = (length: number) => {
    // Without a single whole line, nothing shows that an earlier run wrote the file.
    if (length === 0) throw createForeignFileError(path, source);
    wholeLinesLength = length;
  };
  const text = readWholeLines(path, { onCutLine });
  try {
    for await (const raw of readRawRows(text, path, source)) {
      hashes.add(hashToInteger(raw));
      if (source.format === 'json') rawRows.push(raw);
    }
  } catch (thrown) {
    // For a file that can't be parsed, it does not matter what is wrong in it: an earlier run did not write it.
    if (!isRowFormatError(thrown)) throw thrown;
    throw createForeignFileError(path, source);
  }
  return { rawRows, wholeLinesLength, has: ({ raw }) => hashes.has(hashToInteger(raw)) };
}

function readRawRows(text: AsyncIterable<string>, path: string, source: RowSource): AsyncIterable<string> {
  switch (source.format) {
    case 'csv':
    case 'tsv':
      return readRawCsvRows(text, path, source);
    case 'json':
      return readRawJsonRows(path, source);
    default:
      return readRawLineRows(text, path, source);
  }
}

async function* readRawCsvRows(text: AsyncIterable<string>, path: string, source: RowSource): AsyncGenerator<string> {
  const { header, columns = [], format } = source;
  let isHeader = true;
  const delimiter = format === 'csv' ? ',' : '\t';
  for await (const { fields, raw, line, isEmpty } of parseCsv(text, { delimiter, name: path })) {
    if (isEmpty) continue;
    if (isHeader ? raw !== header : fields.length !== columns.length)
      throw createForeignRowError(`${path}:${line}`, source);
    if (!isHeader) yield raw;
    isHeader = false;
  }
}

async function* readRawJsonRows(path: string, source: RowSource): AsyncGenerator<string> {
  const looksLikeSourceRow = await createRowCheck(source, path);
  const earlier = await openJsonSource(path, path);
  for await (const { raw, values, number } of earlier.read()) {
    if (!looksLikeSourceRow(values)) throw createForeignRowError(`${path}, row ${number}`, source);
    yield raw;
  }
}

async function* readRawLineRows(text: AsyncIterable<string>, path: string, source: RowSource): AsyncGenerator<string> {
  const looksLikeSourceRow = await createRowCheck(source, path);
  for await (const { raw, line } of splitLines(text, path)) {
    if (raw.trim() === '') continue;
    if (!looksLikeSourceRow(source.format === 'glob' ? raw : tryParseJsonWithBigints(raw)))
      throw createForeignRowError(`${path}:${line}`, source);
    yield raw;
  }
}

/**
 * Creates a function that returns whether a row in the file looks like one of the source: an object with the keys of
 * one of its rows, or the path of one of its files.
 *
 * @throws BoticelliError `no_input` for standard input
 */
async function createRowCheck(source: RowSource, path: string): Promise<(row: unknown) => boolean> {
  const known = new Set<number>();
  const getSignature = (keys: readonly string[]) => hashToInteger(JSON.stringify([...keys].sort()));
  // Only standard input has no total. It can't be read twice, so its rows are not known before the run.
  if (source.total === undefined)
    throw createFailedFileError(`rows on ${source.name} can't be compared with those in ${path}`);
  for await (const { raw, values } of source.read())
    known.add(source.format === 'glob' ? hashToInteger(raw) : getSignature(Object.keys(values)));
  return (row) =>
    typeof row === 'string'
      ? known.has(hashToInteger(row))
      : isRecord(row) && known.has(getSignature(Object.keys(row)));
}

function createForeignFileError(path: string, { name }: RowSource): BoticelliError {
  return createFailedFileError(`${path} is not a file of failed rows of ${name}`);
}

function createForeignRowError(place: string, { name }: RowSource): BoticelliError {
  return createFailedFileError(`${place} does not look like a row of ${name}`);
}

function createFailedFileError(problem: string): BoticelliError {
  return new BoticelliError('no_input', `${problem}, so the file of --failed is left unchanged`, {
    hint: 'Name a new file with --failed. Nothing was sent.',
  });
}
