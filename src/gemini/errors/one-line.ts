/**
 * Prepares text from a service for a one-line message: removes line breaks, control characters and a final period, and
 * cuts the text to `limit` characters.
 */
export function toOneLine(text: string, limit = 400): string {
  const line = text.replace(/[\s\x00-\x1f\x7f-\x9f]+/g, ' ').trim();
  return line.length > limit ? `${line.slice(0, limit - 1)}…` : line.replace(/\.$/, '');
}

/** Describes a body that is not the expected JSON, for use in a message: `a web page, "Log in"`. */
export function describeUnexpectedBody(body: string): string {
  const title = /<title[^>]*>([^<]*)<\/title>/i.exec(body)?.[1];
  if (title !== undefined && title.trim() !== '') return `a web page, "${toOneLine(title, 80)}"`;
  if (/^\s*<(!doctype|html)/i.test(body)) return 'a web page';
  return body.trim() === '' ? 'an empty body' : `"${toOneLine(body, 120)}"`;
}
