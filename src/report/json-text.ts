import { hasTooManyValues, tryParseJson } from '../util/json.js';

/** The maximum length of a text that is formatted. */
const maxCharacters = 2_000_000;

/** The maximum number of levels that are indented: without it, the result could grow with the square of the depth. */
const maxIndentedLevels = 100;

/**
 * Indents a JSON text whose value is an object or a list. Returns undefined for other texts, and for texts that are too
 * large. Numbers, keys and strings stay as they are written: parsing and printing them would round large numbers and
 * drop repeated keys.
 */
export function formatJsonText(text: string): string | undefined {
  if (text.length > maxCharacters || !/^\s*[{[]/.test(text) || hasTooManyValues(text)) return undefined;
  if (tryParseJson(text) === undefined) return undefined;
  const tokens = text.match(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g) ?? [];
  const output: string[] = [];
  let depth = 0;
  const breakLine = () => output.push('\n', '  '.repeat(Math.min(depth, maxIndentedLevels)));
  for (const [index, token] of tokens.entries()) {
    const isAfterOpening = /^[[{]$/.test(tokens[index - 1] ?? '');
    if (/^[\]}]$/.test(token)) {
      depth -= 1;
      if (!isAfterOpening) breakLine();
    } else if (isAfterOpening || tokens[index - 1] === ',') breakLine();
    output.push(token === ':' ? ': ' : token);
    if (/^[[{]$/.test(token)) depth += 1;
  }
  return output.join('');
}
