import type { Place } from './diagnostic.js';

/** The place of the text from `start` up to `end`, or of its first line where it goes over several. */
export function placeOf(text: string, start: number, end: number): Place {
  // lastIndexOf takes a negative position for 0, and so would find a newline at the very start.
  const lineStart = start === 0 ? 0 : text.lastIndexOf('\n', start - 1) + 1;
  let line = 1;
  for (let at = text.indexOf('\n'); at !== -1 && at < lineStart; at = text.indexOf('\n', at + 1)) line += 1;
  const newline = text.indexOf('\n', start);
  const lineEnd = newline === -1 ? text.length : newline;
  return { line, column: start - lineStart + 1, length: Math.max(1, Math.min(end, lineEnd) - start) };
}
