/** A text in TOML 1.0 that means the same as a text in TOML 1.1. */
export interface ConvertedToml {
  text: string;
  /** Converts an offset in the converted text to the offset in the original text. */
  toOriginalOffset(offset: number): number;
}

/**
 * Converts a text in TOML 1.1 (toml.io/en/v1.1.0, released 2025-12) to TOML 1.0, the only version that @iarna/toml
 * reads. Converts what TOML 1.1 added: line breaks, comments and a last comma in inline tables, and the escapes `\e`
 * and `\xHH` in strings. Returns undefined if the text has none of these. Times without seconds are not converted,
 * because narratives and settings have no dates and times.
 *
 * Spaces replace what is removed, so only escapes change the length of the text.
 */
export function convertToml11(text: string): ConvertedToml | undefined {
  const pieces: string[] = [];
  const expansions: Expansion[] = [];
  /** The brackets that are open: `[` of an array or a table header, `{` of an inline table. */
  const open: string[] = [];
  /** The offset up to which `pieces` covers the text. */
  let copiedUpTo = 0;
  /** The offset after the most recent comma or `{`. */
  let separatorEnd = 0;
  let previousTokenEnd = 0;
  /** The last character before the token. White space and comments do not count. */
  let lastCharacter = '';
  const replace = (start: number, end: number, replacement: string) => {
    pieces.push(text.slice(copiedUpTo, start), replacement);
    copiedUpTo = end;
    const added = replacement.length - (end - start);
    if (added !== 0) expansions.push({ offset: start, added });
  };
  tokenPattern.lastIndex = 0;
  for (let match = tokenPattern.exec(text); match; match = tokenPattern.exec(text)) {
    const [token] = match;
    const start = match.index;
    lastCharacter = text.slice(previousTokenEnd, start).trimEnd().at(-1) ?? lastCharacter;
    previousTokenEnd = start + token.length;
    const isInInlineTable = open.at(-1) === '{';
    const entryStart = separatorEnd;
    if (token === ',' || token === '{') separatorEnd = start + 1;
    // What follows a string that is not closed can't be interpreted.
    if (/^(?:"|'|"""|''')$/.test(token)) break;
    if (token.startsWith('"')) convertEscapes(token, start, replace);
    else if (token === '[' || token === '{') open.push(token);
    else if (token === ']' || token === '}') open.pop();
    else if (isInInlineTable && token === ',') {
      lastCommaPattern.lastIndex = start;
      // A comma without a value before it is wrong in TOML 1.1 too. It stays, so that the parser rejects it.
      if (lastCommaPattern.test(text) && hasValue(text.slice(entryStart, start))) replace(start, start + 1, ' ');
    } else if (
      isInInlineTable &&
      (token.startsWith('#') || (token === '\n' && !isWithinEntry(lastCharacter, text, start)))
    ) {
      // A comment in an inline table, or a line break where TOML 1.1 allows it.
      replace(start, start + token.length, ' '.repeat(token.length));
    }
    if (!/^[\n#]/.test(token)) lastCharacter = token.at(-1) ?? '';
  }
  if (pieces.length === 0) return undefined;
  return {
    text: pieces.join('') + text.slice(copiedUpTo),
    toOriginalOffset: (offset) => removeExpansions(offset, expansions),
  };
}

/** A replacement that is longer than what it replaced. */
interface Expansion {
  /** The offset of the replaced text in the original text. */
  offset: number;
  /** By how many code units the replacement is longer. */
  added: number;
}

/**
 * Converts an offset in the converted text to the offset in the original text. An offset within a replacement becomes
 * one within the replaced text.
 */
function removeExpansions(offset: number, expansions: readonly Expansion[]): number {
  let original = offset;
  for (const { offset: start, added } of expansions) {
    if (original <= start) break;
    original = Math.max(start, original - added);
  }
  return original;
}

/**
 * Whether a line break is within a dotted key, or next to `=`. TOML 1.1 allows no line break at these places. The
 * line break is kept, so that the parser rejects it.
 * @param lastCharacter the last character before the line break; white space and comments do not count
 */
function isWithinEntry(lastCharacter: string, text: string, offset: number): boolean {
  nextInEntryPattern.lastIndex = offset;
  return lastCharacter === '=' || lastCharacter === '.' || nextInEntryPattern.test(text);
}

/** Whether a text between two separators has more than white space and comments. */
function hasValue(entry: string): boolean {
  return entry.replaceAll(/#[^\n]*/g, '').trim() !== '';
}

/**
 * Matches strings, comments, line breaks, commas and brackets, and the opening quotes of a string that is not closed.
 */
const tokenPattern =
  /"""(?:[^\\"]|\\[\s\S]|"(?!""))*"{3,5}|'''[\s\S]*?'{3,5}|"""|'''|"(?:[^\\"\n]|\\[^\n])*"|'[^'\n]*'|#[^\n]*|[\n,[\]{}"']/g;

/** Matches a comma that has only white space and comments between it and the end of its table. */
const lastCommaPattern = /,(?=(?:[ \t\n]|#[^\n]*\n)*\})/y;

/** Matches white space and comments that are followed by `=` or a dot. */
const nextInEntryPattern = /(?:\s|#[^\n]*\n)*[=.]/y;

/** Replaces `\e` with `\u001b`, and `\xHH` with `\u00HH`, in a string. */
function convertEscapes(
  token: string,
  offset: number,
  replace: (start: number, end: number, replacement: string) => void,
): void {
  for (const { 0: escapeSequence, 1: hex, index } of token.matchAll(/\\(?:x([\dA-Fa-f]{2})|[\s\S])/g)) {
    if (escapeSequence !== '\\e' && hex === undefined) continue;
    replace(offset + index, offset + index + escapeSequence.length, `\\u00${hex ?? '1b'}`);
  }
}
