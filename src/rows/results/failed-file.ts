import { readFileSync } from 'node:fs';
import { BoticelliError } from '../../errors.js';
import type { Row, RowSource } from '../row.js';
import { getSizeOfFile, openAppendFile, withFlagError } from './append-file.js';

/** The file of `--failed`: the rows that failed, as they were read, in the format of the source. */
export interface FailedFile {
  write(row: Row): void;
  close(): void;
}

/**
 * Opens the file of `--failed`, which must be new. With `resume` it may be that of an earlier run, whose rows are asked
 * again: it is then emptied.
 *
 * @throws BoticelliError `usage`, `output_failed`
 */
export function openFailedFile(path: string, source: RowSource, resume: boolean): FailedFile {
  const header = source.header === undefined ? '' : `${source.header}${source.lineEnd}`;
  const size = withFlagError(path, '--failed', () => getSizeOfFile(path));
  if (size > 0 && !(resume && isEarlierFile(path, source, header))) {
    throw new BoticelliError('usage', `${path} exists already${resume ? ', and has other rows' : ''}`, {
      hint: 'Name another file with --failed.',
    });
  }
  const file = openAppendFile(path, '--failed');
  file.clear();
  const isJson = source.format === 'json';
  file.append(isJson ? '' : header);
  // A JSON source is small enough to be held in memory, and so are its failed rows.
  const jsonRows: string[] = [];
  return {
    write(row) {
      if (isJson) jsonRows.push(row.raw);
      else file.append(`${row.raw}${source.lineEnd}`);
    },
    close() {
      if (jsonRows.length > 0) file.append(`[\n${jsonRows.join(',\n')}\n]\n`);
      file.close();
    },
  };
}

/** Whether a file begins like one of `--failed`, so that no other file is emptied. */
function isEarlierFile(path: string, { format }: RowSource, header: string): boolean {
  const start = withFlagError(path, '--failed', () => readFileSync(path, 'utf8'));
  if (header !== '') return start.startsWith(header);
  return format === 'json' ? start.startsWith('[\n') : format === 'ndjson' ? start.startsWith('{') : true;
}
