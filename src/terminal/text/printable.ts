/**
 * Replaces control characters with visible symbols, so that no reply, file or server can move the cursor, change
 * colours or set the window title. Also replaces line separators, and the characters that embed, override or isolate
 * text of another direction, which can make text look like other text (trojansource.codes). Line feeds and tabs stay,
 * and CRLF becomes a line feed.
 */
export function toPrintable(text: string): string {
  // This test is ten times as fast as the replacement, and most text has no control characters.
  if (!/[\0-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]/.test(text)) return text;
  return text.replaceAll(/\r\n|[\0-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]/g, (control) => {
    if (control === '\r\n') return '\n';
    const code = control.charCodeAt(0);
    // From U+2400 on, Unicode has symbols for the C0 controls and DEL. The others become U+FFFD.
    if (code < 0x20) return String.fromCharCode(0x2400 + code);
    return code === 0x7f ? '\u2421' : '\ufffd';
  });
}

/**
 * Like `toPrintable`, but returns one line. Each line feed, with the white space around it, and each tab become a
 * space.
 */
export function toPrintableLine(text: string): string {
  const printable = toPrintable(text);
  return /[\n\t]/.test(printable) ? printable.replaceAll(/\s*\n\s*|\t/g, ' ') : printable;
}

/**
 * Like `toPrintableLine`, but returns a line whose width `measureWidth` can measure: a tab becomes four spaces, and lone
 * surrogates and direction marks become U+FFFD.
 */
export function escapeUnmeasurable(line: string): string {
  const surrogatesAndMarks = /[\u061c\u200e\u200f]|\p{Surrogate}/gu;
  return toPrintableLine(line.replaceAll('\t', '    ')).replace(surrogatesAndMarks, '\ufffd');
}

/** Emoji, with or without U+FE0F, and characters of East Asian Width W and F (Unicode), which take two columns. */
const wideCharacter =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]|\ufe0f|\p{Emoji_Presentation}/u;

/**
 * Returns the width of a text in columns, by grapheme clusters. The text must not contain control characters. The
 * string-width library is not used here, because it creates its Intl.Segmenter on import, which takes over 10 ms; only
 * the spinner loads it.
 */
export function measureWidth(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let columns = 0;
  for (const { segment } of new Intl.Segmenter().segment(text)) columns += wideCharacter.test(segment) ? 2 : 1;
  return columns;
}
