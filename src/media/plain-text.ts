import { isUtf8 } from 'node:buffer';

/** Whether bytes are UTF-8 text without NUL characters. Nearly all binary files contain NUL. */
export function isPlainText(bytes: Uint8Array): boolean {
  return isUtf8(bytes) && !bytes.includes(0);
}

/** Creates a check that does the same as `isPlainText` for bytes that arrive in chunks. */
export function createPlainTextDetector() {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let isText = true;
  return {
    add(chunk: Uint8Array): void {
      // After the first chunk that is not text, nothing is decoded, which saves time for a large video.
      isText &&= !chunk.includes(0) && canDecode(() => decoder.decode(chunk, { stream: true }));
    },
    /** Returns the result. Call it after the last chunk. */
    finish: (): boolean => isText && canDecode(() => decoder.decode()),
  };
}

function canDecode(decode: () => string): boolean {
  try {
    decode();
    return true;
  } catch {
    return false;
  }
}
