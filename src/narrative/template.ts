/** A name in double braces, to be filled with a value. */
export interface Placeholder {
  /** What stands between the braces, without the spaces around it. */
  name: string;
  /** Where its braces begin in the text, and how far they reach. In UTF-16 code units. */
  offset: number;
  length: number;
  /** How often the text has the same before it, escaped ones too: the first one has 0. */
  occurrence: number;
}

/** Literal text, or what stands for a value. */
export type TemplatePart = string | Placeholder;

/** A text that was read. */
export interface Template {
  /** The whole text in order, escapes resolved. */
  parts: readonly TemplatePart[];
  /** Where a `{{` stands that nothing closes: it is literal text, and perhaps not meant to be. */
  unclosed: readonly number[];
}

/** What follows an opening. A name has neither braces nor line ends, so that code and JSON are seldom taken for one. */
const nameAndClosingPattern = /([^{}\n]*)\}\}/y;

/**
 * Reads the placeholders of a text: `{{name}}`. A backslash before the braces makes them literal, and two are a literal
 * backslash, as in Handlebars. Any other `{{`, and every other `}}`, is literal. Takes time in proportion to the text
 * and throws for none.
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
    if (backslashes > 0) parts.push(text.slice(literalStart, openIndex - Math.ceil(backslashes / 2)));
    else if (name !== undefined) parts.push(text.slice(literalStart, openIndex));
    if (backslashes > 0 || name !== undefined) literalStart = openIndex;
    searchStart = openIndex + 2;

    const isEscaped = backslashes % 2 === 1;
    if (name === undefined) {
      if (isEscaped) continue;
      // Of three braces the last two may be an opening.
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
  return { parts: parts.filter((piece) => piece !== ''), unclosed };
}

/** The text with every placeholder replaced by its value. Values are not looked into: braces in them stay. */
export function renderTemplate(parts: readonly TemplatePart[], getValue: (name: string) => string): string {
  return parts.map((piece) => (typeof piece === 'string' ? piece : getValue(piece.name))).join('');
}

/** The variable that a placeholder's name stands for, if it stands for one: names with `vars.` before them do. */
export function getVariableName(name: string): string | undefined {
  return name.startsWith('vars.') ? name.slice('vars.'.length) : undefined;
}

/** The placeholders of a text, in order. */
export function getPlaceholders({ parts }: Template): Placeholder[] {
  return parts.filter((piece) => typeof piece !== 'string');
}

/** The names that a text is filled with, in order, as often as they stand there. */
export function getPlaceholderNames(text: string): string[] {
  return getPlaceholders(parseTemplate(text)).map(({ name }) => name);
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
