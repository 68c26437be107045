/** Whether a value of parsed JSON is an object. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
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
 * Whether a value of parsed JSON has more than `maxDepth` levels of lists and objects. `JSON.parse` reads any depth,
 * but `JSON.stringify` and other recursive functions overflow the stack after a few thousand levels.
 */
export function isDeeperThan(value: unknown, maxDepth: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (maxDepth === 0) return true;
  for (const key in value) if (isDeeperThan((value as Record<string, unknown>)[key], maxDepth - 1)) return true;
  return false;
}

/** The most values to parse. A text of 64 MB could have 30 million, which take 1.5 GB even as empty objects. */
const maxValues = 1_000_000;

/**
 * Whether a JSON text has so many values that parsing it would take much more memory than the text. Counts the
 * characters that begin or separate values, even within strings. A text of up to `maxValues` characters is not counted.
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
