import type { Diagnostic } from './diagnostic.js';
import { locate } from './location.js';

const strictDecoder = new TextDecoder('utf-8', { fatal: true });
const lenientDecoder = new TextDecoder();

/**
 * The text of a file: UTF-8 without its byte order mark, and with LF alone at the ends of lines. So the same narrative
 * is the same request whatever system checked it out, and lines and columns are those of an editor.
 * Bytes that are no UTF-8 are a fault; they are � in the text.
 */
export function decodeText(bytes: Uint8Array): { text: string; diagnostic?: Diagnostic } {
  try {
    const text = normalizeLineEndings(strictDecoder.decode(bytes));
    // Latin letters in UTF-16 are good UTF-8, with a NUL beside each.
    return isUtf16(bytes) ? { text, diagnostic: createEncodingDiagnostic(utf16Message, text, 0) } : { text };
  } catch {
    const text = normalizeLineEndings(lenientDecoder.decode(bytes));
    return { text, diagnostic: diagnoseEncoding(bytes, text) };
  }
}

const utf16Message = 'the file is UTF-16: save it as UTF-8';

/** By its byte order mark, or by the NUL that the first letter of a TOML file has beside it. */
function isUtf16([first, second]: Uint8Array): boolean {
  return (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff) || first === 0 || second === 0;
}

function createEncodingDiagnostic(message: string, text: string, start: number): Diagnostic {
  return { severity: 'error', rule: 'not-utf8', message, location: locate(text, start, start + 1) };
}

function normalizeLineEndings(decoded: string): string {
  return decoded.includes('\r\n') ? decoded.replaceAll('\r\n', '\n') : decoded;
}

function diagnoseEncoding(bytes: Uint8Array, text: string): Diagnostic {
  const validText = decodeValidPrefix(bytes);
  const byteOrderMarkLength = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  const invalidByte = bytes[byteOrderMarkLength + Buffer.byteLength(validText)] ?? 0;
  const message = `the byte 0x${invalidByte.toString(16).toUpperCase()} is no UTF-8 here: save the file as UTF-8`;
  return createEncodingDiagnostic(
    isUtf16(bytes) ? utf16Message : message,
    text,
    normalizeLineEndings(validText).length,
  );
}

/** What can be read before the first byte that can't, found by halving: the start of a good text is good. */
function decodeValidPrefix(bytes: Uint8Array): string {
  let validLength = 0;
  let invalidLength = bytes.length + 1;
  while (invalidLength - validLength > 1) {
    const middle = (validLength + invalidLength) >> 1;
    if (isValidPrefix(bytes.subarray(0, middle))) validLength = middle;
    else invalidLength = middle;
  }
  // In a stream, a character that lacks its last bytes is held back rather than refused.
  return new TextDecoder().decode(bytes.subarray(0, validLength), { stream: true });
}

function isValidPrefix(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}
