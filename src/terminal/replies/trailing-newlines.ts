/**
 * The length of a text without the newlines at its end. Not by a regular expression: that takes the square of the time where
 * a model wrote thousands of them in a row, as models do.
 */
export function lengthWithoutTrailingNewlines(text: string): number {
  let length = text.length;
  while (length > 0 && isNewline(text.charCodeAt(length - 1))) length -= 1;
  return length;
}

function isNewline(code: number): boolean {
  return code === 0x0a || code === 0x0d;
}
