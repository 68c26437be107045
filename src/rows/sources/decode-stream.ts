import { isUtf8 } from 'node:buffer';
import { createSourceError, createUnreadableSourceError } from './source-errors.js';

/**
 * Decodes rows or results from UTF-8 and removes a byte order mark.
 *
 * @param acceptsNul whether NUL bytes count as text. Default false
 * @throws BoticelliError for bytes that are not text. UTF-16 has the code of a source that can't be read, `no_input`.
 *   Another encoding or a NUL byte has the code of faulty rows, `invalid_narrative`, and the message names the line.
 */
export async function* decodeUtf8Stream(
  chunks: AsyncIterable<Buffer>,
  name: string,
  { acceptsNul = false } = {},
): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let line = 1;
  let isFirst = true;
  let previousEnd = Buffer.alloc(0);
  for await (const chunk of chunks) {
    if (isFirst && chunk.length > 0) {
      assertNotUtf16(chunk, name);
      isFirst = false;
    }
    const nulIndex = acceptsNul ? -1 : chunk.indexOf(0);
    if (nulIndex !== -1) {
      const nulLine = line + countNewlines(chunk.subarray(0, nulIndex));
      throw createSourceError(name, [{ line: nulLine, message: 'a NUL byte; the file is binary or damaged' }]);
    }
    let text: string;
    try {
      text = decoder.decode(chunk, { stream: true });
    } catch {
      throw createEncodingError(name, line + countLinesBeforeInvalid(chunk, previousEnd));
    }
    line += countNewlines(chunk);
    previousEnd = Buffer.concat([previousEnd, chunk.subarray(-3)]).subarray(-3);
    yield text;
  }
  try {
    yield decoder.decode();
  } catch {
    throw createEncodingError(name, line);
  }
}

function assertNotUtf16(chunk: Buffer, name: string): void {
  const start = chunk.subarray(0, 2).toString('hex');
  if (start !== 'fffe' && start !== 'feff') return;
  throw createUnreadableSourceError(`${name} is UTF-16`, 'Save it as UTF-8. In Excel: "CSV UTF-8".');
}

function createEncodingError(name: string, line: number) {
  return createSourceError(name, [{ line, message: 'not UTF-8 text; save the file as UTF-8' }]);
}

function countNewlines(bytes: Uint8Array): number {
  let count = 0;
  for (let index = bytes.indexOf(10); index !== -1; index = bytes.indexOf(10, index + 1)) count += 1;
  return count;
}

/**
 * Returns how many lines of a chunk precede the first line that is not UTF-8.
 * @param previousEnd the last three bytes before the chunk: a character of four bytes may begin in them
 */
function countLinesBeforeInvalid(chunk: Buffer, previousEnd: Buffer): number {
  let count = 0;
  let start = 0;
  for (let index = chunk.indexOf(10); index !== -1; index = chunk.indexOf(10, start)) {
    const line = chunk.subarray(start, index);
    if (!isUtf8(count === 0 ? Buffer.concat([dropContinuationBytes(previousEnd), line]) : line)) return count;
    count += 1;
    start = index + 1;
  }
  return count;
}

/** Removes leading continuation bytes. They belong to a character that began before these bytes. */
function dropContinuationBytes(bytes: Buffer): Buffer {
  const start = bytes.findIndex((byte) => (byte & 0b1100_0000) !== 0b1000_0000);
  return start === -1 ? Buffer.alloc(0) : bytes.subarray(start);
}
