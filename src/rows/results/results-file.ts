import { extname } from 'node:path';
import { BoticelliError } from '../../errors.js';
import type { Row, RowSource } from '../row.js';
import { type AppendFile, getFileSize, openAppendFile, withFileError } from './append-file.js';
import { type EarlierResults, readEarlierResults, readSourceColumns } from './earlier-results.js';
import { type ColumnOptions, createCsvFormat, ndjsonFormat, type ResultFormat } from './result-format.js';
import type { RowAndCombination, RowResult } from './row-result.js';

/** The file of `--results`. */
export interface ResultsFile {
  /**
   * Claims a result that an earlier run wrote for this row and combination. Returns false if every such result is
   * claimed already. Each result can be claimed once, so two equal rows need two results. The file keeps the results.
   */
  claimEarlierResult(input: RowAndCombination): boolean;
  /** Why the row can't be written; undefined if it can. Call it before the row is executed. */
  explainUnwritable(row: Row): string | undefined;
  /** Appends a result as a whole line. @throws BoticelliError `output_failed` */
  write(result: RowResult): void;
  close(): void;
}

interface OpenResultsOptions extends ColumnOptions {
  path: string;
  source: RowSource;
  /** Whether the file may be that of an earlier run. */
  resume: boolean;
}

/**
 * Opens the file of `--results`. It must be new. With `resume`, it may be that of an earlier run of this narrative.
 *
 * @throws BoticelliError `usage`, `output_failed`
 */
export async function openResultsFile(options: OpenResultsOptions): Promise<ResultsFile> {
  const { path, source, actNames, resume } = options;
  const kind = getKind(path);
  const size = withFileError(path, '--results', () => getFileSize(path));
  if (size > 0 && !resume) {
    throw new BoticelliError('usage', `${path} exists already`, {
      hint: 'Add --resume to add the missing rows to it, or name another file with --results.',
    });
  }
  let format: ResultFormat | undefined = kind === 'ndjson' ? ndjsonFormat : undefined;
  const columns = kind === 'csv' ? await findColumns(source, size > 0 ? path : undefined, options) : undefined;
  if (columns) format = createCsvFormat(columns, options);
  // Checks, before any request is sent, that the file can be written and is not a symbolic link.
  openAppendFile(path, '--results').close();
  let earlier: EarlierResults | undefined;
  if (size > 0 && format) earlier = await readEarlierResults({ path, kind, format, actNames });
  const file = openAppendFile(path, '--results');
  if (size === 0 && format) file.append(format.header);
  return createWriter(file, earlier, getFormat);

  /**
   * Returns the format. If the rows come from standard input and the CSV file is new, the first call creates the format
   * from the keys of the first row.
   */
  function getFormat(rowValues: Row['values']): ResultFormat {
    if (format) return format;
    format = createCsvFormat(Object.keys(rowValues), options);
    file.append(format.header);
    return format;
  }
}

function createWriter(
  file: AppendFile,
  earlier: EarlierResults | undefined,
  getFormat: (rowValues: Row['values']) => ResultFormat,
): ResultsFile {
  return {
    claimEarlierResult: (input) => earlier?.claim(getFormat(input.rowValues).getKey(input)) ?? false,
    explainUnwritable: (row) => getFormat(row.values).explainUnwritable(row),
    write: (result) => file.append(getFormat(result.row).format(result)),
    close: file.close,
  };
}

function getKind(path: string): 'ndjson' | 'csv' {
  const extension = extname(path).toLowerCase();
  if (extension === '.csv') return 'csv';
  if (extension === '.ndjson' || extension === '.jsonl') return 'ndjson';
  throw new BoticelliError('usage', `--results ${path}: unknown kind of file`, { hint: 'Use .ndjson or .csv.' });
}

/**
 * Returns the columns of the source. If the rows come from standard input, reads the columns from the results file of
 * an earlier run. Without an earlier file, returns undefined: the columns are known only when the first row is read.
 */
async function findColumns(source: RowSource, earlierPath: string | undefined, options: ColumnOptions) {
  if (source.columns) return source.columns;
  // Only standard input has no total. It can be read only once, so its first row can't be read here.
  if (source.total !== undefined) return readFirstKeys(source);
  return earlierPath === undefined ? undefined : readSourceColumns(earlierPath, options);
}

async function readFirstKeys(source: RowSource): Promise<string[]> {
  for await (const { values } of source.read()) return Object.keys(values);
  return [];
}
