/** A name in double braces, which is replaced with a value. */
export interface Placeholder {
  /** The text between the braces, trimmed. */
  name: string;
  /** Start of the placeholder, braces included, in UTF-16 code units. */
  offset: number;
  /** Length of the placeholder, braces included, in UTF-16 code units. */
  length: number;
  /**
   * How often the source text of this placeholder (`{{name}}`, as written) occurs before the placeholder, escaped or
   * not. Errors find their location in the narrative file with this number.
   */
  occurrence: number;
}

/** Literal text, or a placeholder. */
type TemplatePart = string | Placeholder;

/** A parsed text. */
interface Template {
  /** The text in order, with escapes resolved. */
  parts: readonly TemplatePart[];
  /** The offset of each `{{` that has no closing `}}`. Such a `{{` is treated as literal text, but may be a mistake. */
  unclosed: readonly number[];
}

/** Matches the rest of a placeholder after `{{`. Names have no braces or line breaks, so code and JSON seldom match. */
const nameAndClosingPattern = /([^{}\n]*)\}\}/y;

/**
 * Parses the placeholders of a text: `{{name}}`. A backslash before the braces makes them literal, and two backslashes
 * before them are one literal backslash, as in Handlebars. Every other `{{` and `}}` is literal. Never throws, and
 * takes linear time.
 */
export function parseTemplate(text: string): Template {
  const parts: TemplatePart[] = [];
  const unclosed: number[] = [];
  const occurrences = new Map<string, number>();
  let literalStart = 0;
  let searchStart = 0;
  for (let openIndex = text.indexOf('{{'); openIndex !== -1; openIndex = text.indexOf('{{', searchStart)) {
    const name = readName(text, openIndex + 2);
    const backslashes = countBackslashes(text, openIndex, literalStart);
    // Half of the backslashes are kept, rounded down: a pair becomes one, and a single one is the escape.
    if (backslashes > 0) parts.push(text.slice(literalStart, openIndex - Math.ceil(backslashes / 2)));
    else if (name !== undefined) parts.push(text.slice(literalStart, openIndex));
    if (backslashes > 0 || name !== undefined) literalStart = openIndex;
    searchStart = openIndex + 2;

    const isEscaped = backslashes % 2 === 1;
    if (name === undefined) {
      if (isEscaped) continue;
      // In `{{{x}}`, the last two of three braces may open a placeholder.
      if (text[openIndex + 2] === '{') searchStart = openIndex + 1;
      else unclosed.push(openIndex);
      continue;
    }
    const length = name.length + 4;
    const source = text.slice(openIndex, openIndex + length);
    const occurrence = occurrences.get(source) ?? 0;
    occurrences.set(source, occurrence + 1);
    if (isEscaped) continue;
    parts.push({ name: name.trim(), offset: openIndex, length, occurrence });
    literalStart = searchStart = openIndex + length;
  }
  parts.push(text.slice(literalStart));
  return { parts: parts.filter((part) => part !== ''), unclosed };
}

/** Replaces every placeholder with its value. Placeholders in values are not replaced. */
export function renderTemplate(parts: readonly TemplatePart[], getValue: (name: string) => string): string {
  return parts.map((part) => (typeof part === 'string' ? part : getValue(part.name))).join('');
}

/** Returns the variable that a placeholder refers to, which is the part after `vars.`, or undefined for other names. */
export function getVariableName(name: string): string | undefined {
  return name.startsWith('vars.') ? name.slice('vars.'.length) : undefined;
}

/** Whether a placeholder refers to the row for which the narrative runs: `row`, or `row.` and a column. */
export function isRowName(name: string): boolean {
  return name === 'row' || name.startsWith('row.');
}

/** Returns the placeholder names of a text, in order, with duplicates. */
export function getPlaceholderNames(text: string): string[] {
  return parseTemplate(text).parts.flatMap((part) => (typeof part === 'string' ? [] : part.name));
}

function readName(text: string, start: number): string | undefined {
  nameAndClosingPattern.lastIndex = start;
  return nameAndClosingPattern.exec(text)?.[1];
}

function countBackslashes(text: string, end: number, start: number): number {
  let index = end;
  while (index > start && text[index - 1] === '\\') index -= 1;
  return end - index;
}
