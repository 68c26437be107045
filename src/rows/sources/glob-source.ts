import { basename, dirname } from 'node:path';
import { isPlainText } from '../../media/plain-text.js';
import { readRegularFile } from '../../util/read-regular-file.js';
import type { Row, RowSource } from '../row.js';
import { createUnreadableSourceError, maxRowBytes } from './source-errors.js';

/**
 * Finds the files that match a pattern. Each file is a row with its `path`, `name` and, if it is text, `text`. The
 * files are sorted by the bytes of their paths. Folders that are symbolic links are not entered.
 *
 * @throws BoticelliError `no_input` if no file matches
 */
export async function openGlobSource(pattern: string, cwd: string): Promise<RowSource> {
  const { glob } = await import('tinyglobby');
  const paths = await glob(pattern, { cwd, absolute: true, followSymbolicLinks: false, expandDirectories: false });
  if (paths.length === 0) {
    const hint = 'Check the pattern. It is relative to the current folder.';
    throw createUnreadableSourceError(`no file matches ${pattern}`, hint);
  }
  const sorted = paths.map((path) => Buffer.from(path)).sort(Buffer.compare);
  return {
    ...{ format: 'glob', name: pattern, lineEnd: '\n', total: sorted.length, warnings: [], close: () => {} },
    async *read() {
      for (const [index, path] of sorted.entries()) yield readFileRow(path.toString(), index + 1);
    },
  };
}

function readFileRow(path: string, number: number): Row {
  const name = basename(path);
  const row = { number, raw: path, folder: dirname(path), file: path };
  const content = readRegularFile(path, maxRowBytes);
  if (content.ok && isPlainText(content.bytes)) {
    const text = new TextDecoder().decode(content.bytes);
    return { ...row, values: { path, name, text } };
  }
  const problem = content.ok ? 'is not a text file' : content.problem.message;
  return { ...row, values: { path, name }, absenceReasons: { text: `${JSON.stringify(name)} ${problem}` } };
}
