import type { Location } from './diagnostic.js';

/** The place of the text from `start` up to `end`, or of its first line where it goes over several. */
export function locate(text: string, start: number, end: number): Location {
  // lastIndexOf takes a negative position for 0, and so would find a newline at the very start.
  const lineStart = start === 0 ? 0 : text.lastIndexOf('\n', start - 1) + 1;
  let line = 1;
  for (let index = text.indexOf('\n'); index !== -1 && index < lineStart; index = text.indexOf('\n', index + 1))
    line += 1;
  const newline = text.indexOf('\n', start);
  const lineEnd = newline === -1 ? text.length : newline;
  return { line, column: start - lineStart + 1, length: Math.max(1, Math.min(end, lineEnd) - start) };
}
