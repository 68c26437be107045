/**
 * A text from outside as part of our own one-line message: no line ends, no control characters, no full stop at the end,
 * and no longer than `limit` characters.
 */
export function toOneLine(text: string, limit = 400): string {
  const line = text.replace(/[\s\x00-\x1f\x7f-\x9f]+/g, ' ').trim();
  return line.length > limit ? `${line.slice(0, limit - 1)}…` : line.replace(/\.$/, '');
}

/** What a body that should have been Gemini's JSON is instead, in a few words for a message. */
export function describeUnexpectedBody(body: string): string {
  const title = /<title[^>]*>([^<]*)<\/title>/i.exec(body)?.[1];
  if (title !== undefined && title.trim() !== '') return `a web page, "${toOneLine(title, 80)}"`;
  if (/^\s*<(!doctype|html)/i.test(body)) return 'a web page';
  return body.trim() === '' ? 'an empty body' : `"${toOneLine(body, 120)}"`;
}
