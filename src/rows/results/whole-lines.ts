import { decodeUtf8Stream } from '../sources/decode-stream.js';
import { openSourceFile } from '../sources/source-file.js';

/**
 * Reads the text of a file up to its last newline.
 *
 * @param options.onCutLine called only if text follows the last newline, because a crash has cut the last line.
 *   Receives the length of the file in bytes, without the cut line
 * @throws BoticelliError `no_input`, or `invalid_narrative` if the file is not text
 */
export async function* readWholeLines(
  path: string,
  { onCutLine = () => {} }: { onCutLine?: (wholeLinesLength: number) => void } = {},
): AsyncGenerator<string> {
  const file = openSourceFile(path, path);
  try {
    yield* decodeUtf8Stream(takeWholeLines(file.readChunks(), onCutLine), path, { acceptsNul: true });
  } finally {
    file.close();
  }
}

async function* takeWholeLines(
  chunks: AsyncIterable<Buffer>,
  onCutLine: (wholeLinesLength: number) => void,
): AsyncGenerator<Buffer> {
  let rest: Buffer[] = [];
  let wholeLinesLength = 0;
  for await (const chunk of chunks) {
    const end = chunk.lastIndexOf(10) + 1;
    if (end > 0) {
      const whole = Buffer.concat([...rest, chunk.subarray(0, end)]);
      rest = [];
      wholeLinesLength += whole.length;
      yield whole;
    }
    if (end < chunk.length) rest.push(chunk.subarray(end));
  }
  if (rest.length > 0) onCutLine(wholeLinesLength);
}
