import { existsSync } from 'node:fs';
import { extname, resolve } from 'node:path';
import { BoticelliError } from '../errors.js';
import type { RowSource } from './row.js';

interface OpenRowsOptions {
  /** The working folder. */
  cwd: string;
  /** Standard input, for the source `-`. */
  stdin: AsyncIterable<Buffer>;
}

/**
 * Opens the source of `--each`: a CSV, TSV, NDJSON or JSON file, `-` for NDJSON on standard input, or a glob pattern.
 *
 * @throws BoticelliError `no_input` if the source can't be read; `invalid_narrative`, as for a faulty narrative, if the
 *   rows are faulty; `usage` for another kind of file
 */
export async function openRows(source: string, { cwd, stdin }: OpenRowsOptions): Promise<RowSource> {
  if (source === '-') {
    const { createNdjsonStream } = await import('./sources/ndjson-source.js');
    return createNdjsonStream(stdin, 'standard input', cwd);
  }
  const path = resolve(cwd, source);
  // The name of a file may contain characters of a pattern, so an existing file is not taken for a pattern.
  if (/[*?[\]{}]/.test(source) && !existsSync(path)) {
    const { openGlobSource } = await import('./sources/glob-source.js');
    return openGlobSource(source, cwd);
  }
  switch (extname(source).toLowerCase()) {
    case '.csv':
    case '.tsv': {
      const { openCsvSource } = await import('./sources/csv-source.js');
      return openCsvSource(path, source, extname(source).toLowerCase() === '.csv' ? 'csv' : 'tsv');
    }
    case '.ndjson':
    case '.jsonl':
      return (await import('./sources/ndjson-source.js')).openNdjsonSource(path, source);
    case '.json':
      return (await import('./sources/json-source.js')).openJsonSource(path, source);
    default:
      return rejectUnknownKind(path, source);
  }
}

async function rejectUnknownKind(path: string, source: string): Promise<never> {
  const { openSourceFile } = await import('./sources/source-file.js');
  // For a folder or a missing file, this throws an error that says so.
  openSourceFile(path, source).close();
  throw new BoticelliError('usage', `--each ${source}: unknown kind of file`, {
    hint: "Use .csv, .tsv, .ndjson, .jsonl or .json, a quoted pattern such as 'texts/*.txt', or - for NDJSON on standard input.",
  });
}
