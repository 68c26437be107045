import { hasUtf16Bom } from '../util/utf16.js';
import { type Diagnostic, locate } from './diagnostic.js';

const strictDecoder = new TextDecoder('utf-8', { fatal: true });
const lenientDecoder = new TextDecoder();

/**
 * Decodes the bytes of a file as UTF-8, removes the byte order mark and converts CRLF to LF. A narrative therefore
 * sends the same requests on every system, and lines and columns match those in an editor. Invalid bytes are reported
 * as a diagnostic and become � in the text.
 */
export function decodeText(bytes: Uint8Array): { text: string; diagnostic?: Diagnostic } {
  try {
    const text = normalizeLineEndings(strictDecoder.decode(bytes));
    // ASCII text in UTF-16 is also valid UTF-8, with a NUL next to each letter.
    return isUtf16(bytes) ? { text, diagnostic: createEncodingDiagnostic(utf16Message, text, 0) } : { text };
  } catch {
    const text = normalizeLineEndings(lenientDecoder.decode(bytes));
    return { text, diagnostic: diagnoseEncoding(bytes, text) };
  }
}

const utf16Message = 'the file is UTF-16; save it as UTF-8';

/**
 * Whether a file is UTF-16. Without a byte order mark, UTF-16 is recognized only if the file begins with an ASCII
 * character, which has a NUL next to it. Valid TOML always begins with an ASCII character.
 */
function isUtf16(bytes: Uint8Array): boolean {
  return hasUtf16Bom(bytes) || bytes[0] === 0 || bytes[1] === 0;
}

function createEncodingDiagnostic(message: string, text: string, start: number): Diagnostic {
  return { severity: 'error', rule: 'not-utf8', message, location: locate(text, start, start + 1) };
}

function normalizeLineEndings(decoded: string): string {
  return decoded.includes('\r\n') ? decoded.replaceAll('\r\n', '\n') : decoded;
}

/** Reports the first invalid byte. It is where the bytes differ from the leniently decoded and re-encoded text. */
function diagnoseEncoding(bytes: Uint8Array, text: string): Diagnostic {
  const encoded = Buffer.from(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes));
  let offset = encoded.findIndex((byte, index) => byte !== bytes[index]);
  // An incomplete character may begin with the same bytes as the encoded �, so the offset may be inside the �. The
  // offset moves back over the continuation bytes (0b10xxxxxx) to the first byte of the �.
  while (((encoded[offset] ?? 0) & 0xc0) === 0x80) offset -= 1;
  const validText = normalizeLineEndings(lenientDecoder.decode(encoded.subarray(0, offset)));
  const byte = `0x${(bytes[offset] ?? 0).toString(16).toUpperCase()}`;
  const message = isUtf16(bytes) ? utf16Message : `the byte ${byte} is not valid UTF-8; save the file as UTF-8`;
  return createEncodingDiagnostic(message, text, validText.length);
}
