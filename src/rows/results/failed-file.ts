import { closeSync, fchmodSync, renameSync, rmSync, statSync } from 'node:fs';
import { BoticelliError } from '../../errors.js';
import { appendWhole, openTemporaryFile, writeAtomically } from '../../util/write-files.js';
import type { Row, RowSource } from '../row.js';
import { getFileSize, openAppendFile, withFileError } from './append-file.js';
import { type EarlierFailedRows, readEarlierFailed } from './earlier-failed.js';

/** The file of `--failed`: the rows that failed, as they were read, in the format of the source. */
export interface FailedFile {
  write(row: Row): void;
  /**
   * Completes the file.
   * @param isComplete whether all rows have run. If so, the rows of an earlier run are removed unless they failed again
   */
  close(isComplete: boolean): void;
}

/**
 * Opens the file of `--failed`, which must be new. With `resume`, it may be the file of an earlier run; the rows in it
 * run again. Rows that fail are added to the file at once, or to a JSON array at the end of the run. At the end of a
 * complete run, the rows that were in the file before are removed unless they failed again. So a run that is killed or
 * stops early removes no row.
 *
 * @throws BoticelliError `usage` or `output_failed`. With `resume`, `no_input` for a file that no earlier run wrote
 */
export async function openFailedFile(path: string, source: RowSource, resume: boolean): Promise<FailedFile> {
  const size = withFileError(path, '--failed', () => getFileSize(path));
  if (size > 0 && !resume) {
    throw new BoticelliError('usage', `${path} exists already`, { hint: 'Name another file with --failed.' });
  }
  // Checks, before any request is sent, that the file can be written and is not a symbolic link.
  openAppendFile(path, '--failed').close();
  const earlier = size > 0 ? await readEarlierFailed(path, source) : undefined;
  if (source.format === 'json') return createJsonFile(path, earlier);
  return earlier ? continueFile(path, source, earlier) : createNewFile(path, source);
}

const getHeader = ({ header, lineEnd }: RowSource) => (header === undefined ? '' : `${header}${lineEnd}`);

function createNewFile(path: string, source: RowSource): FailedFile {
  const file = openAppendFile(path, '--failed');
  file.append(getHeader(source));
  return { write: ({ raw }) => file.append(`${raw}${source.lineEnd}`), close: file.close };
}

/**
 * Adds new failed rows to the file, and writes all failed rows of this run to another file, which replaces the first
 * one at the end of a complete run.
 */
function continueFile(path: string, source: RowSource, earlier: EarlierFailedRows): FailedFile {
  const file = openAppendFile(path, '--failed');
  const { wholeLinesLength } = earlier;
  if (wholeLinesLength !== undefined) file.truncate(wholeLinesLength);
  let replacement: ReturnType<typeof openTemporaryFile> | undefined;
  const appendToReplacement = (text: string) =>
    withFileError(path, '--failed', () => {
      replacement ??= openTemporaryFile(path);
      appendWhole(replacement.fd, text);
    });
  return {
    write(row) {
      const line = `${row.raw}${source.lineEnd}`;
      if (!earlier.has(row)) file.append(line);
      appendToReplacement(replacement ? line : getHeader(source) + line);
    },
    close(isComplete) {
      file.close();
      if (isComplete && !replacement) appendToReplacement(getHeader(source));
      if (!replacement) return;
      const { fd, temporaryPath } = replacement;
      fchmodSync(fd, statSync(path).mode & 0o7777);
      closeSync(fd);
      if (isComplete) withFileError(path, '--failed', () => renameSync(temporaryPath, path));
      else rmSync(temporaryPath, { force: true });
    },
  };
}

/** Writes an array at the end. A JSON source is small enough to be held in memory, and so are its failed rows. */
function createJsonFile(path: string, earlier: EarlierFailedRows | undefined): FailedFile {
  const rows: Row[] = [];
  return {
    write: (row) => void rows.push(row),
    close(isComplete) {
      const kept = isComplete ? [] : (earlier?.rawRows ?? []);
      const added = rows.filter((row) => isComplete || !earlier?.has(row)).map(({ raw }) => raw);
      const all = [...kept, ...added];
      const text = all.length === 0 ? '[]\n' : `[\n${all.join(',\n')}\n]\n`;
      if (earlier) return withFileError(path, '--failed', () => writeAtomically(path, text, statSync(path).mode));
      const file = openAppendFile(path, '--failed');
      file.append(text);
      file.close();
    },
  };
}
