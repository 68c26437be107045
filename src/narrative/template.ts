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
export type Piece = string | Placeholder;

/** A text that was read. */
export interface Template {
  /** The whole text in order, escapes resolved. */
  pieces: readonly Piece[];
  /** Where a `{{` stands that nothing closes: it is literal text, and perhaps not meant to be. */
  strays: readonly number[];
}

/** What follows an opening. A name has neither braces nor line ends, so that code and JSON are seldom taken for one. */
const nameAndClosing = /([^{}\n]*)\}\}/y;

/**
 * Reads the placeholders of a text: `{{name}}`. A backslash before the braces makes them literal, and two are a literal
 * backslash, as in Handlebars. Any other `{{`, and every other `}}`, is literal. Takes time in proportion to the text
 * and throws for none.
 */
export function parseTemplate(text: string): Template {
  const pieces: Piece[] = [];
  const strays: number[] = [];
  const seen = new Map<string, number>();
  let done = 0;
  let next = 0;
  for (let open = text.indexOf('{{'); open !== -1; open = text.indexOf('{{', next)) {
    const name = nameAt(text, open + 2);
    const backslashes = backslashesBefore(text, open, done);
    if (backslashes > 0) pieces.push(text.slice(done, open - Math.ceil(backslashes / 2)));
    else if (name !== undefined) pieces.push(text.slice(done, open));
    if (backslashes > 0 || name !== undefined) done = open;
    next = open + 2;

    const isEscaped = backslashes % 2 === 1;
    if (name === undefined) {
      if (isEscaped) continue;
      // Of three braces the last two may be an opening.
      if (text[open + 2] === '{') next = open + 1;
      else strays.push(open);
      continue;
    }
    const length = name.length + 4;
    const written = text.slice(open, open + length);
    const occurrence = seen.get(written) ?? 0;
    seen.set(written, occurrence + 1);
    if (isEscaped) continue;
    pieces.push({ name: name.trim(), offset: open, length, occurrence });
    done = next = open + length;
  }
  pieces.push(text.slice(done));
  return { pieces: pieces.filter((piece) => piece !== ''), strays };
}

/** The text with every placeholder replaced by its value. Values are not looked into: braces in them stay. */
export function fill(pieces: readonly Piece[], valueFor: (name: string) => string): string {
  return pieces.map((piece) => (typeof piece === 'string' ? piece : valueFor(piece.name))).join('');
}

/** The variable that a placeholder's name stands for, if it stands for one: names with `vars.` before them do. */
export function variableNamed(name: string): string | undefined {
  return name.startsWith('vars.') ? name.slice('vars.'.length) : undefined;
}

/** The placeholders of a text, in order. */
export function placeholdersOf({ pieces }: Template): Placeholder[] {
  return pieces.filter((piece) => typeof piece !== 'string');
}

/** The names that a text is filled with, in order, as often as they stand there. */
export function namesUsedIn(text: string): string[] {
  return placeholdersOf(parseTemplate(text)).map(({ name }) => name);
}

function nameAt(text: string, start: number): string | undefined {
  nameAndClosing.lastIndex = start;
  return nameAndClosing.exec(text)?.[1];
}

function backslashesBefore(text: string, end: number, start: number): number {
  let at = end;
  while (at > start && text[at - 1] === '\\') at -= 1;
  return end - at;
}
