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
    const text = plainText(strict.decode(bytes));
    // Latin letters in UTF-16 are good UTF-8, with a NUL beside each.
    return isUtf16(bytes) ? { text, fault: notUtf8(utf16Words, text, 0) } : { text };
  } catch {
    const text = plainText(lenient.decode(bytes));
    return { text, fault: encodingFault(bytes, text) };
  }
}

const utf16Words = 'the file is UTF-16: save it as UTF-8';

/** By its byte order mark, or by the NUL that the first letter of a TOML file has beside it. */
function isUtf16([first, second]: Uint8Array): boolean {
  return (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff) || first === 0 || second === 0;
}

function notUtf8(message: string, text: string, start: number): Diagnostic {
  return { severity: 'error', rule: 'not-utf8', message, place: placeOf(text, start, start + 1) };
}

function plainText(decoded: string): string {
  return decoded.includes('\r\n') ? decoded.replaceAll('\r\n', '\n') : decoded;
}

function encodingFault(bytes: Uint8Array, text: string): Diagnostic {
  const before = textBeforeBadByte(bytes);
  const byteOrderMarkLength = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  const bad = bytes[byteOrderMarkLength + Buffer.byteLength(before)] ?? 0;
  const words = `the byte 0x${bad.toString(16).toUpperCase()} is no UTF-8 here: save the file as UTF-8`;
  return notUtf8(isUtf16(bytes) ? utf16Words : words, text, plainText(before).length);
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
