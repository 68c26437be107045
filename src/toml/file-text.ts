import type { Diagnostic } from './diagnostic.js';
import { placeOf } from './place.js';

const strict = new TextDecoder('utf-8', { fatal: true });
const lenient = new TextDecoder();

/**
 * The text of a file: UTF-8 without its byte order mark, and with LF alone at the ends of lines. So the same narrative
 * is the same request whatever system checked it out, and lines and columns are those of an editor.
 * Bytes that are no UTF-8 are a fault; they are � in the text.
 */
export function decodeText(bytes: Uint8Array): { text: string; fault?: Diagnostic } {
  try {
    return { text: plainText(strict.decode(bytes)) };
  } catch {
    const text = plainText(lenient.decode(bytes));
    return { text, fault: encodingFault(bytes, text) };
  }
}

function plainText(decoded: string): string {
  return decoded.includes('\r\n') ? decoded.replaceAll('\r\n', '\n') : decoded;
}

function encodingFault(bytes: Uint8Array, text: string): Diagnostic {
  const isUtf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  const before = textBeforeBadByte(bytes);
  const byteOrderMarkLength = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  const bad = bytes[byteOrderMarkLength + Buffer.byteLength(before)] ?? 0;
  const start = plainText(before).length;
  return {
    severity: 'error',
    rule: 'not-utf8',
    message: isUtf16
      ? 'the file is UTF-16: save it as UTF-8'
      : `the byte 0x${bad.toString(16).toUpperCase()} is no UTF-8 here: save the file as UTF-8`,
    place: placeOf(text, start, start + 1),
  };
}

/** What can be read before the first byte that can't, found by halving: the start of a good text is good. */
function textBeforeBadByte(bytes: Uint8Array): string {
  let good = 0;
  let bad = bytes.length + 1;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (startsWell(bytes.subarray(0, middle))) good = middle;
    else bad = middle;
  }
  // In a stream, a character that lacks its last bytes is held back rather than refused.
  return new TextDecoder().decode(bytes.subarray(0, good), { stream: true });
}

function startsWell(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}
