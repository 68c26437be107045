import { type CsvError, type Options, type Parser, parse } from 'csv-parse';
import { createSourceError, maxRowBytes } from './source-errors.js';

/** A record of a CSV file: its fields, its text without the line end, and the line on which it begins. */
export interface CsvRecord {
  fields: readonly string[];
  raw: string;
  line: number;
  /** Whether the record is an empty line. A line with one empty field in quotes is not empty. */
  isEmpty: boolean;
  /** Whether the record ends with CRLF or CR. */
  hasCr: boolean;
}

interface CsvOptions {
  delimiter: ',' | '\t';
  name: string;
  maxBytes?: number;
  onUnclosedQuote?: () => void;
}

/**
 * Parses CSV or TSV by RFC 4180, with any line end. Records may have different numbers of fields.
 *
 * @param options.onUnclosedQuote called if the last record has a quote that is never closed. The record is left out.
 *   Without this function, such a record is an error
 * @throws BoticelliError `invalid_narrative` for quotes that RFC 4180 does not allow, and for a record that is too long
 */
export async function* parseCsv(
  text: AsyncIterable<string>,
  { delimiter, name, maxBytes = maxRowBytes, onUnclosedQuote }: CsvOptions,
): AsyncGenerator<CsvRecord> {
  let records: CsvRecord[] = [];
  let line = 1;
  const addRecord = (fields: readonly string[], raw: string) => {
    const trimmed = raw.replace(/[\r\n]+$/, '');
    const isEmpty = fields.length === 1 && trimmed === '';
    // Of the line end, `raw` contains only the first character (csv-parse 7.0.3).
    records.push({ fields, raw: trimmed, line, isEmpty, hasCr: raw.endsWith('\r') });
    // Lines are counted here, because the parser counts CRLF within quotes as two lines (csv-parse 7.0.3).
    line += 1 + (trimmed.match(/\r\n|\n|\r/g)?.length ?? 0);
  };
  const options = {
    ...{ delimiter, raw: true, relax_column_count: true, record_delimiter: ['\r\n', '\n', '\r'] },
    max_record_size: maxBytes,
    // Records are collected here, because reading them from the stream takes five times as long (2026-11). With `raw`,
    // the argument of `on_record` is an object, which its declared type does not say (csv-parse 7.0.3).
    on_record({ raw, record }: { raw: string; record: string[] }) {
      addRecord(record, raw);
      return null;
    },
  };
  const parser = parse(options as unknown as Options);
  // The stream ends only if it is read, even though `on_record` leaves no records in it.
  parser.resume();
  const takeRecords = () => {
    const taken = records;
    records = [];
    return taken;
  };
  try {
    for await (const chunk of text) {
      await write(parser, chunk);
      yield* takeRecords();
    }
    await write(parser);
    yield* takeRecords();
  } catch (thrown) {
    if (onUnclosedQuote && (thrown as CsvError).code === 'CSV_QUOTE_NOT_CLOSED') return onUnclosedQuote();
    const message = describeCsvError(thrown as CsvError, maxBytes);
    if (message === undefined) throw thrown;
    throw createSourceError(name, [{ line, message }]);
  } finally {
    parser.destroy();
  }
}

/** Writes text to the parser; without text, ends the parser. Resolves when all records of the text were parsed. */
function write(parser: Parser, text?: string): Promise<void> {
  return new Promise((resolve, reject) => {
    parser.once('error', reject);
    const settle = () => {
      parser.off('error', reject);
      resolve();
    };
    if (text === undefined) parser.once('end', settle).end();
    else parser.write(text, (error) => (error ? reject(error) : settle()));
  });
}

/**
 * Describes an error of the parser. The error is in the row after the last one that `on_record` received. Returns
 * undefined for an error that does not come from the parser.
 */
function describeCsvError({ code, column }: CsvError & { column?: unknown }, maxBytes: number): string | undefined {
  const field = typeof column === 'number' ? `field ${column + 1}` : 'a field';
  switch (code as string) {
    case 'CSV_QUOTE_NOT_CLOSED':
      return 'a quote opens in this row and is never closed';
    case 'CSV_INVALID_CLOSING_QUOTE':
      return `text follows the closing quote of ${field}; write each quote inside a quoted field twice`;
    // csv-parse gives this code no `CSV_` prefix.
    case 'INVALID_OPENING_QUOTE':
      return `${field} contains a quote but does not begin with one; put the field in quotes, and write each quote inside it twice`;
    case 'CSV_MAX_RECORD_SIZE':
      return `the row is longer than ${maxBytes / 1_000_000} MB; a quote may be missing`;
    default:
      return undefined;
  }
}
