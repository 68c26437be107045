import { dirname, resolve } from 'node:path';
import { formatCount } from '../../terminal/text/format.js';
import type { Row, RowSource } from '../row.js';
import { decodeUtf8Stream } from './decode-stream.js';
import { type CsvRecord, parseCsv } from './parse-csv.js';
import { formatSkippedLines } from './skipped-lines.js';
import { createSourceError, createUnreadableSourceError, type SourceProblem } from './source-errors.js';
import { openSourceFile } from './source-file.js';

/**
 * Opens a CSV or TSV file whose first line names the columns. Reads it once in full, so that every fault is known
 * before the first request.
 *
 * @throws BoticelliError `no_input` if the file of rows can't be read; `invalid_narrative`, as for a faulty narrative,
 *   if the file is faulty
 */
export async function openCsvSource(path: string, name: string, format: 'csv' | 'tsv'): Promise<RowSource> {
  const file = openSourceFile(path, name);
  const delimiter = format === 'csv' ? ',' : '\t';
  const readRecords = () => parseCsv(decodeUtf8Stream(file.readChunks(), name), { delimiter, name });
  try {
    const { header, columns, total, emptyLines, lineEnd } = await checkRecords(readRecords(), name);
    const folder = dirname(resolve(path));
    return {
      ...{ format, name, path, columns, header, lineEnd, total },
      warnings: formatSkippedLines(name, emptyLines),
      read: () => toRows(readRecords(), columns, folder),
      close: file.close,
    };
  } catch (thrown) {
    file.close();
    throw thrown;
  }
}

async function checkRecords(records: AsyncIterable<CsvRecord>, name: string) {
  const problems: SourceProblem[] = [];
  const emptyLines: number[] = [];
  let first: { header: string; columns: string[]; lineEnd: '\n' | '\r\n' } | undefined;
  let total = 0;
  for await (const { fields, raw, line, isEmpty, hasCr } of records) {
    if (isEmpty) emptyLines.push(line);
    else if (!first) {
      const columns = fields.map((field) => field.trim());
      first = { header: raw, columns, lineEnd: hasCr ? '\r\n' : '\n' };
      problems.push(...checkColumns(columns, line));
    } else {
      total += 1;
      if (fields.length !== first.columns.length) problems.push(createRaggedProblem(fields, first.columns, line));
    }
  }
  if (!first) {
    throw createUnreadableSourceError(`${name} is empty`, 'Its first line must name the columns.');
  }
  if (problems.length > 0) throw createSourceError(name, problems);
  return { ...first, total, emptyLines };
}

function checkColumns(columns: readonly string[], line: number): SourceProblem[] {
  const problems: SourceProblem[] = [];
  const firstPositions = new Map<string, number>();
  for (const [index, column] of columns.entries()) {
    const earlier = firstPositions.get(column);
    if (column === '') problems.push({ line, message: `column ${index + 1} has no name` });
    else if (earlier !== undefined) {
      const message = `columns ${earlier} and ${index + 1} have the same name, ${JSON.stringify(column)}`;
      problems.push({ line, message });
    } else firstPositions.set(column, index + 1);
  }
  return problems;
}

function createRaggedProblem(fields: readonly string[], columns: readonly string[], line: number): SourceProblem {
  const extra = fields.length > columns.length ? '; a field that contains the separator must be in quotes' : '';
  return {
    line,
    message: `${formatCount(fields.length, 'field')} in the row, but ${formatCount(columns.length, 'column')} in the file${extra}`,
  };
}

async function* toRows(
  records: AsyncIterable<CsvRecord>,
  columns: readonly string[],
  folder: string,
): AsyncGenerator<Row> {
  let number = 0;
  let isHeader = true;
  for await (const { fields, raw, line, isEmpty } of records) {
    if (isEmpty) continue;
    if (!isHeader) {
      number += 1;
      const values = Object.fromEntries(columns.map((column, index) => [column, fields[index] ?? '']));
      yield { number, line, values, raw, folder };
    }
    isHeader = false;
  }
}
