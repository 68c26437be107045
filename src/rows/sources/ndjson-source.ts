import { dirname, resolve } from 'node:path';
import { isRecord, tryParseJsonWithBigints } from '../../util/json.js';
import type { Row, RowSource } from '../row.js';
import { decodeUtf8Stream } from './decode-stream.js';
import { formatSkippedLines } from './skipped-lines.js';
import { createSourceError, type SourceProblem, withResumeHint } from './source-errors.js';
import { openSourceFile } from './source-file.js';
import { splitLines } from './split-lines.js';

/**
 * Opens a file with a JSON object on each line. Reads it once in full, so that every fault is known before the first
 * request.
 *
 * @throws BoticelliError `no_input` if the file of rows can't be read; `invalid_narrative`, as for a faulty narrative,
 *   if the file is faulty
 */
export async function openNdjsonSource(path: string, name: string): Promise<RowSource> {
  const file = openSourceFile(path, name);
  const folder = dirname(resolve(path));
  const emptyLines: number[] = [];
  const readRows = (onEmpty?: (line: number) => void) =>
    parseNdjson(decodeUtf8Stream(file.readChunks(), name), { name, folder, onEmpty });
  try {
    const problems: SourceProblem[] = [];
    let total = 0;
    for await (const row of readRows((line) => void emptyLines.push(line))) {
      total += 1;
      if (row.problem !== undefined) problems.push({ line: row.line ?? 0, message: row.problem });
    }
    if (problems.length > 0) throw createSourceError(name, problems);
    return {
      ...{ format: 'ndjson', name, path, lineEnd: '\n', total, warnings: formatSkippedLines(name, emptyLines) },
      read: () => readRows(),
      close: file.close,
    };
  } catch (thrown) {
    file.close();
    throw thrown;
  }
}

/**
 * Reads rows from a stream, such as standard input. A line that is not an object does not end the run, because rows
 * before it may already have been sent. It becomes a row with a problem.
 */
export function createNdjsonStream(chunks: AsyncIterable<Buffer>, name: string, folder: string): RowSource {
  return {
    ...{ format: 'ndjson', name, lineEnd: '\n', warnings: [] },
    async *read() {
      try {
        yield* parseNdjson(decodeUtf8Stream(chunks, name), { name, folder });
      } catch (thrown) {
        throw withResumeHint(thrown);
      }
    },
    close: () => {},
  };
}

interface NdjsonOptions {
  name: string;
  folder: string;
  onEmpty?: ((line: number) => void) | undefined;
}

async function* parseNdjson(
  text: AsyncIterable<string>,
  { name, folder, onEmpty }: NdjsonOptions,
): AsyncGenerator<Row> {
  let number = 0;
  for await (const { raw, line } of splitLines(text, name)) {
    if (raw.trim() === '') {
      onEmpty?.(line);
      continue;
    }
    number += 1;
    const value = tryParseJsonWithBigints(raw);
    const row = { number, line, raw, folder };
    if (isRecord(value)) yield { ...row, values: value };
    else yield { ...row, values: {}, problem: value === undefined ? 'not JSON' : 'not a JSON object' };
  }
}
