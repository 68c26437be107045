/** The rest of a longer text is ignored, so that a text of megabytes costs no time. */
const maxInputChars = 65_536;

/**
 * Prepares text from a service for a one-line message: removes line breaks, control characters and a final period, and
 * cuts the text to `limit` characters.
 */
export function toOneLine(text: string, limit = 400): string {
  const line = text
    .slice(0, maxInputChars)
    .replace(/[\s\x00-\x1f\x7f-\x9f]+/g, ' ')
    .trim();
  return line.length > limit ? `${line.slice(0, limit - 1)}…` : line.replace(/\.$/, '');
}
