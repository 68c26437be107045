import { decodeUtf8Stream } from '../sources/decode-stream.js';
import { openSourceFile } from '../sources/source-file.js';

/**
 * Reads the text of a file up to its last newline.
 *
 * @param onCut called if text follows the last newline, because a crash has cut the last line. Receives the number of
 *   bytes up to and including that newline
 * @throws BoticelliError `no_input`, or `invalid_narrative` if the file is not text
 */
export async function* readWholeLines(path: string, onCut: (wholeBytes: number) => void): AsyncGenerator<string> {
  const file = openSourceFile(path, path);
  try {
    yield* decodeUtf8Stream(takeWholeLines(file.readChunks(), onCut), path, { acceptsNul: true });
  } finally {
    file.close();
  }
}

async function* takeWholeLines(
  chunks: AsyncIterable<Buffer>,
  onCut: (wholeBytes: number) => void,
): AsyncGenerator<Buffer> {
  let rest: Buffer[] = [];
  let wholeBytes = 0;
  for await (const chunk of chunks) {
    const end = chunk.lastIndexOf(10) + 1;
    if (end > 0) {
      const whole = Buffer.concat([...rest, chunk.subarray(0, end)]);
      rest = [];
      wholeBytes += whole.length;
      yield whole;
    }
    if (end < chunk.length) rest.push(chunk.subarray(end));
  }
  if (rest.length > 0) onCut(wholeBytes);
}
