import { dirname, resolve } from 'node:path';
import {
  getJsonErrorOffset,
  getJsonErrorReason,
  isRecord,
  parseJsonWithBigints,
  stringifyJsonWithBigints,
} from '../../util/json.js';
import { readRegularFile } from '../../util/read-regular-file.js';
import type { RowSource } from '../row.js';
import { createSourceError, createUnreadableSourceError, type SourceProblem } from './source-errors.js';

/** The maximum size of a JSON file, which is held in memory. */
const maxJsonBytes = 64_000_000;

/**
 * Opens a JSON file with an array of objects.
 *
 * @throws BoticelliError `no_input` if the file of rows can't be read; `invalid_narrative`, as for a faulty narrative,
 *   if the file is faulty
 */
export async function openJsonSource(path: string, name: string): Promise<RowSource> {
  const content = readRegularFile(path, maxJsonBytes);
  if (!content.ok) {
    const hint =
      content.problem.reason === 'too-large'
        ? 'Convert a large source to NDJSON, with one object per line: jq -c ".[]".'
        : 'Check the path. It is relative to the current folder.';
    throw createUnreadableSourceError(`${name} ${content.problem.message}`, hint);
  }
  const elements = parseArray(content.bytes, name);
  const problems = elements.flatMap((element, index) =>
    isRecord(element) ? [] : [{ message: `element ${index + 1} is not an object` }],
  );
  if (problems.length > 0) throw createSourceError(name, problems);
  const folder = dirname(resolve(path));
  return {
    ...{ format: 'json', name, path, lineEnd: '\n', total: elements.length, warnings: [], close: () => {} },
    async *read() {
      for (const [index, element] of elements.entries()) {
        const values = element as Record<string, unknown>;
        yield { number: index + 1, values, raw: stringifyJsonWithBigints(values), folder };
      }
    },
  };
}

function parseArray(bytes: Buffer, name: string): unknown[] {
  let value: unknown;
  try {
    value = parseJsonWithBigints(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (thrown) {
    throw createSourceError(name, [toSourceProblem(thrown as Error, bytes)]);
  }
  if (Array.isArray(value)) return value;
  throw createSourceError(name, [{ message: 'not an array of objects' }]);
}

/**
 * Describes the error of parsing. Unlike `describeJsonError`, it never parses again: that would take seconds at 64 MB.
 */
function toSourceProblem(error: Error, bytes: Buffer): SourceProblem {
  if (error.name !== 'SyntaxError') return { message: 'not UTF-8 text; save the file as UTF-8' };
  const offset = getJsonErrorOffset(error);
  if (offset === undefined) return { message: `not JSON: ${getJsonErrorReason(error)}` };
  // Unlike `bytes.toString()`, this removes a byte order mark, as the parsed text did not have it.
  const line = new TextDecoder().decode(bytes).slice(0, offset).split('\n').length;
  return { line, message: `not JSON: ${getJsonErrorReason(error)}` };
}
