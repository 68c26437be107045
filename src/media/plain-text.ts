import { isUtf8 } from 'node:buffer';

/** Whether bytes are text in UTF-8: what an editor shows, so without the NUL that binary files are full of. */
export function isPlainText(bytes: Uint8Array): boolean {
  return isUtf8(bytes) && !bytes.includes(0);
}

/** The same of bytes that come piece by piece. */
export function createPlainTextDetector() {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let isText = true;
  return {
    add(chunk: Uint8Array): void {
      // What is none stays none: films are not decoded to their end.
      isText &&= !chunk.includes(0) && canDecode(() => decoder.decode(chunk, { stream: true }));
    },
    /** To be called after the last piece. */
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
