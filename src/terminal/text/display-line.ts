import { toPrintableLine } from './printable.js';

/**
 * A line as a terminal may show it: a tab is four spaces; control characters, characters that turn the
 * direction of writing, and halves of characters are symbols.
 */
export function toDisplayLine(line: string): string {
  return toPrintableLine(line.replaceAll('\t', '    ')).replace(
    /[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]|\p{Surrogate}/gu,
    '\ufffd',
  );
}

/**
 * Emoji, also those that are some by U+FE0F alone, and the scripts that a terminal gives two columns a character (Unicode's
 * East Asian Width W and F).
 */
const wideCharacter =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]|\ufe0f|\p{Emoji_Presentation}/u;

/** How many columns of a terminal a text without control characters takes: what a reader sees as one is counted once. */
export function measureWidth(text: string): number {
  // Most texts are plain, and a segmenter takes as long to make as a table to print.
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let columns = 0;
  for (const { segment } of new Intl.Segmenter().segment(text)) columns += wideCharacter.test(segment) ? 2 : 1;
  return columns;
}
