import { hasUtf16Bom } from '../util/utf16-bom.js';
import { type Diagnostic, locate } from './diagnostic.js';

const strictDecoder = new TextDecoder('utf-8', { fatal: true });
const lenientDecoder = new TextDecoder();

/**
 * Decodes the bytes of a file as UTF-8, removes the byte order mark and converts CRLF to LF. So a narrative makes the same
 * requests on every system, and lines and columns match those of an editor.
 * Invalid bytes are reported as a diagnostic and become � in the text.
 */
export function decodeText(bytes: Uint8Array): { text: string; diagnostic?: Diagnostic } {
  try {
    const text = normalizeLineEndings(strictDecoder.decode(bytes));
    // ASCII letters in UTF-16 are valid UTF-8: each has a NUL next to it.
    return isUtf16(bytes) ? { text, diagnostic: createEncodingDiagnostic(utf16Message, text, 0) } : { text };
  } catch {
    const text = normalizeLineEndings(lenientDecoder.decode(bytes));
    return { text, diagnostic: diagnoseEncoding(bytes, text) };
  }
}

const utf16Message = 'the file is UTF-16; save it as UTF-8';

/** A TOML file begins with an ASCII character, which has a NUL next to it in UTF-16. */
function isUtf16(bytes: Uint8Array): boolean {
  return hasUtf16Bom(bytes) || bytes[0] === 0 || bytes[1] === 0;
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
  const message = `the byte 0x${invalidByte.toString(16).toUpperCase()} is not valid UTF-8; save the file as UTF-8`;
  return createEncodingDiagnostic(
    isUtf16(bytes) ? utf16Message : message,
    text,
    normalizeLineEndings(validText).length,
  );
}

/** Decodes the text before the first invalid byte, which it finds by binary search: every prefix of a valid text is valid. */
function decodeValidPrefix(bytes: Uint8Array): string {
  let validLength = 0;
  let invalidLength = bytes.length + 1;
  while (invalidLength - validLength > 1) {
    const middle = (validLength + invalidLength) >> 1;
    if (isValidPrefix(bytes.subarray(0, middle))) validLength = middle;
    else invalidLength = middle;
  }
  // With `stream`, an incomplete character at the end is held back and not replaced.
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
