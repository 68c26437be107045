/** One row of a source. */
export interface Row {
  /** Counts from 1, without empty lines. */
  number: number;
  /** The line on which the row begins, from 1. Absent for sources without lines. */
  line?: number;
  /**
   * The values by column or key: strings from CSV, and any JSON from JSON. A whole number that a JavaScript number
   * can't hold exactly is a bigint.
   */
  values: Readonly<Record<string, unknown>>;
  /**
   * The row as it was read, without its line end. For an element of a JSON file, the element on one line; for a file of
   * a glob pattern, its path.
   */
  raw: string;
  /** The folder that file names in the row are relative to. */
  folder: string;
  /** If the source is a glob pattern, each row is a file, and this is its path. */
  file?: string;
  /** Why the row has no value for a key, by the key: for example, a file can't be read. */
  absenceReasons?: Readonly<Record<string, string>>;
  /** Why the row can't be used. Such a row fails without a request. */
  problem?: string;
}

/** The format of a source. A run without `--each` has a source of the format `empty-row`: one row without values. */
export type RowFormat = 'csv' | 'tsv' | 'ndjson' | 'json' | 'glob' | 'empty-row';

/** Where rows come from. */
export interface RowSource {
  format: RowFormat;
  /** The name in messages: the file as the user gave it, the pattern, or `standard input`. */
  name: string;
  /** The columns that every row has. Absent if rows may have different keys. */
  columns?: readonly string[];
  /** The line of the column names, as it was read. Only for CSV and TSV. */
  header?: string;
  /** The line end of the source. */
  lineEnd: '\n' | '\r\n';
  /** The path of the file. Absent for standard input and for a pattern. */
  path?: string;
  /** The number of rows. Absent for standard input. */
  total?: number;
  /** Warnings about skipped lines. */
  warnings: readonly string[];
  /**
   * Reads the rows from the first on. Standard input can be read only once.
   * @throws BoticelliError `no_input` if the source can no longer be read, or has changed since it was opened
   */
  read(): AsyncIterable<Row>;
  /** Closes the file. */
  close(): void;
}

/** Whether the rows come from `--each`. Otherwise, the source has one row, without values. */
export function isFromEach({ format }: Pick<RowSource, 'format'>): boolean {
  return format !== 'empty-row';
}

/** Formats where a row is, for messages: `comments.csv:12`, or `comments.json, row 3` without lines. */
export function formatRowLocation(source: Pick<RowSource, 'name'>, { number, line }: Pick<Row, 'number' | 'line'>) {
  return line === undefined ? `${source.name}, row ${number}` : `${source.name}:${line}`;
}
