import { truncate } from '../../util/utf16.js';

/** The rest of a longer text is ignored, so that a text of megabytes costs no time. */
const maxInputChars = 65_536;

/**
 * Prepares text from a service for a one-line message: replaces white space and control characters with single spaces,
 * and cuts the text to `limit` characters. Removes the final period of a text that is not cut.
 */
export function toOneLine(text: string, limit = 400): string {
  const line = text
    .slice(0, maxInputChars)
    .replace(/[\s\x00-\x1f\x7f-\x9f]+/g, ' ')
    .trim();
  return line.length > limit ? truncate(line, limit) : line.replace(/\.$/, '');
}
