import { sliceCharacters } from '../../util/utf16.js';

// Excerpts of a reply for one-line messages: in quotes, with control characters escaped, and of a bounded length.

/** The number of characters shown from the start of a text or of a quoted part. */
const startLength = 60;

/** The number of characters shown before and after a quoted part. */
const contextLength = 30;

/** Says how a text begins: `it begins with "Once"`, or `it is "Once"` if that is all. */
export function describeStart(text: string): string {
  if (text.length <= startLength) return `it is ${JSON.stringify(text)}`;
  return `it begins with ${JSON.stringify(sliceCharacters(text, 0, startLength))}`;
}

/** Quotes the first occurrence of a part with the text around it. Leaves out the end of a long part. */
export function quoteAround(text: string, part: string): string {
  const start = text.indexOf(part);
  return quoteRange(text, start - contextLength, start + Math.min(part.length, startLength) + contextLength);
}

/**
 * Describes the first difference between a text and the expected text. Counts characters from 1.
 */
export function describeDifference(text: string, expected: string): string {
  let index = 0;
  while (index < text.length && text[index] === expected[index]) index += 1;
  const [start, end] = [index - contextLength, index + contextLength];
  const found = quoteRange(text, start, end);
  const wanted = quoteRange(expected, start, end);
  return `it has ${found} where ${wanted} is expected (first difference: character ${index + 1})`;
}

function quoteRange(text: string, start: number, end: number): string {
  const quoted = JSON.stringify(sliceCharacters(text, Math.max(0, start), end));
  return `${start > 0 ? '…' : ''}${quoted}${end < text.length ? '…' : ''}`;
}
