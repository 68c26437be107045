import { createSourceError, maxRowBytes } from './source-errors.js';

/**
 * Splits text at newlines, without the CR of CRLF. The last line may have no newline.
 *
 * @param maxChars the maximum length of a line, in characters. Default: `maxRowBytes`. Each character has at least one
 *   byte, so a line with more characters is also larger than `maxRowBytes`
 * @throws BoticelliError `invalid_narrative` for a line that is too long. The message is for NDJSON, so a caller with
 *   other text replaces the error or sets no limit
 */
export async function* splitLines(
  text: AsyncIterable<string>,
  name: string,
  maxChars = maxRowBytes,
): AsyncGenerator<{ raw: string; line: number }> {
  const pieces: string[] = [];
  let length = 0;
  let line = 1;
  const takeLine = () => {
    const raw = pieces.join('').replace(/\r$/, '');
    pieces.length = 0;
    length = 0;
    return { raw, line: line++ };
  };
  for await (const chunk of text) {
    let start = 0;
    for (let end = chunk.indexOf('\n'); end !== -1; end = chunk.indexOf('\n', start)) {
      pieces.push(chunk.slice(start, end));
      start = end + 1;
      yield takeLine();
    }
    pieces.push(chunk.slice(start));
    length += chunk.length - start;
    if (length <= maxChars) continue;
    const message = `the line is longer than ${maxChars / 1_000_000} MB; write one JSON object a line`;
    throw createSourceError(name, [{ line, message }]);
  }
  if (length > 0) yield takeLine();
}
