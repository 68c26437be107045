/** Whether a value of parsed JSON is an object. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Returns a value of parsed JSON if it is a list, else an empty list. */
export function toList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Returns the objects in a value of parsed JSON if it is a list, else an empty list. */
export function toRecords(value: unknown): Record<string, unknown>[] {
  return toList(value).filter(isRecord);
}

/** Parses a JSON text; undefined if it is not valid JSON. */
export function tryParseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Returns the value at a JSON Pointer (RFC 6901): `/items/0/name`, with `~1` for a slash and `~0` for a tilde in a key.
 * Undefined if there is none.
 */
export function readPointer(root: unknown, pointer: string): unknown {
  let value = root;
  for (const step of pointer.split('/').slice(1)) {
    const key = step.replaceAll('~1', '/').replaceAll('~0', '~');
    const isElement = Array.isArray(value) && /^(?:0|[1-9]\d*)$/.test(key);
    if (!isElement && !isRecord(value)) return undefined;
    const container = value as Record<string, unknown>;
    value = Object.hasOwn(container, key) ? container[key] : undefined;
  }
  return value;
}

/** Whether a text is a JSON Pointer to a part of a value. The empty pointer is not: it refers to the whole value. */
export function isPointer(text: string): boolean {
  return /^(?:\/(?:[^/~]|~[01])*)+$/u.test(text);
}

/**
 * Whether a value of parsed JSON has more than `maxDepth` levels of lists and objects. `JSON.parse` reads any depth,
 * but `JSON.stringify` and other recursive functions overflow the stack after a few thousand levels.
 */
export function isDeeperThan(value: unknown, maxDepth: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (maxDepth === 0) return true;
  for (const key in value) if (isDeeperThan((value as Record<string, unknown>)[key], maxDepth - 1)) return true;
  return false;
}

/**
 * The maximum number of values in a text to parse. A text of 64 MB could have 30 million, which take 1.5 GB even as
 * empty objects.
 */
const maxValues = 1_000_000;

/**
 * Whether a JSON text has so many values that parsing it would take much more memory than the text. Counts the
 * characters that begin or separate values, even within strings. In a text of up to `maxValues` characters, there
 * can't be too many.
 */
export function hasTooManyValues(json: string): boolean {
  if (json.length <= maxValues) return false;
  let count = 0;
  for (const character of ['{', '[', ',']) {
    for (let at = json.indexOf(character); at !== -1; at = json.indexOf(character, at + 1)) {
      count += 1;
      if (count > maxValues) return true;
    }
  }
  return false;
}

/** Why a text is not valid JSON, and where. Line and column are counted from 1. */
export interface JsonError {
  reason: string;
  line: number;
  column: number;
}

/** Describes why `JSON.parse` rejected a text. */
export function describeJsonError(error: Error, text: string): JsonError {
  const offset = getJsonErrorOffset(error) ?? findErrorOffset(text);
  const lines = text.slice(0, offset).split('\n');
  return { reason: getJsonErrorReason(error), line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 };
}

/** Returns why `JSON.parse` rejected a text, without an excerpt: the text may be a secret file, named by mistake. */
export function getJsonErrorReason({ message }: Error): string {
  return message.replace(/, (?:\.\.\.)?".*$|(?: in JSON)? at position.*$/s, '').replaceAll(/\s+/g, ' ');
}

/** Returns the offset at which `JSON.parse` rejected a text, if its message has one. */
export function getJsonErrorOffset({ message }: Error): number | undefined {
  const position = /position (\d+)/.exec(message)?.[1];
  return position === undefined ? undefined : Number(position);
}

/**
 * Finds the offset of the first character that is wrong, by a binary search for the longest valid beginning. It is
 * needed because some of V8's messages have an excerpt instead of the position (Node 20 to 24).
 */
function findErrorOffset(text: string): number {
  let validLength = 0;
  let wrongLength = text.length + 1;
  while (wrongLength - validLength > 1) {
    const middle = Math.floor((validLength + wrongLength) / 2);
    if (isValidBeginning(text.slice(0, middle))) validLength = middle;
    else wrongLength = middle;
  }
  return validLength;
}

/** Whether a text is valid JSON, or could become valid JSON if more text followed it. */
function isValidBeginning(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch (thrown) {
    const error = thrown as Error;
    return /end of JSON input|Unterminated/.test(error.message) || getJsonErrorOffset(error) === text.length;
  }
}

/** Whether a text is standard base64, padded or not: the form of bytes in JSON. */
export function isBase64(text: string): boolean {
  return /^[A-Za-z0-9+/]*={0,2}$/.test(text) && text.replace(/=+$/, '').length % 4 !== 1;
}

/** Whether a value is standard base64 of at least one byte. Padding alone has none. */
export function hasBase64Bytes(value: unknown): value is string {
  return typeof value === 'string' && isBase64(value) && Buffer.byteLength(value, 'base64') > 0;
}

/**
 * Returns a random prefix. It marks strings that stand for bigints while JSON is parsed or written, and is random so
 * that no string of the data begins with it. (`JSON.rawJSON` and the source text of a reviver need Node 21.) It is not
 * a UUID, because loading node:crypto takes 5% of the startup time.
 */
const createMarker = () => `integer ${Math.random().toString(36).slice(2)} `;

/** A number with more digits does not become a bigint, because converting millions of digits takes minutes. */
const maxDigits = 1000;

/**
 * Parses JSON. A number that is written without fraction and exponent becomes a bigint if it is not a safe integer. The
 * number stays inexact if it has more than `maxDigits` digits, or if the JSON is nested too deeply.
 *
 * @throws SyntaxError as JSON.parse does
 */
export function parseJsonWithBigints(text: string): unknown {
  const value: unknown = JSON.parse(text);
  if (!/\d{16}/.test(text)) return value;
  const marker = createMarker();
  const tokens = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
  const marked = text.replace(tokens, (token) => (needsBigint(token) ? `"${marker}${token}"` : token));
  try {
    return JSON.parse(marked, (_key, element: unknown) =>
      typeof element === 'string' && element.startsWith(marker) ? BigInt(element.slice(marker.length)) : element,
    );
  } catch (thrown) {
    // The value is nested too deeply for a reviver, so its large numbers stay inexact.
    if (thrown instanceof RangeError) return value;
    throw thrown;
  }
}

function needsBigint(token: string): boolean {
  return /^-?\d{16,}$/.test(token) && token.length <= maxDigits && !Number.isSafeInteger(Number(token));
}

/** Parses JSON like `parseJsonWithBigints`; undefined if it is not valid. */
export function tryParseJsonWithBigints(text: string): unknown {
  try {
    return parseJsonWithBigints(text);
  } catch {
    return undefined;
  }
}

/** Converts a value to a JSON text. A bigint becomes a number with all of its digits. */
export function stringifyJsonWithBigints(value: unknown, indent?: number): string {
  try {
    return JSON.stringify(value, null, indent);
  } catch (thrown) {
    // JSON.stringify can't write bigints. A replacer is used only for values with bigints: it takes several times as
    // long.
    if (!(thrown instanceof TypeError)) throw thrown;
  }
  const marker = createMarker();
  const replacer = (_key: string, element: unknown) => (typeof element === 'bigint' ? `${marker}${element}` : element);
  return JSON.stringify(value, replacer, indent).replaceAll(new RegExp(`"${marker}(-?\\d+)"`, 'g'), '$1');
}
