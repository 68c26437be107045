/**
 * Formats the parameters of a request as in a narrative file: `['temperature 0.7', 'max_tokens 500']`. A list or a table is
 * JSON with the keys of the file: `image {"aspect_ratio":"16:9"}`.
 */
export function formatParameters(parameters: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(parameters).map(([name, value]) => `${toFileKey(name)} ${formatParameterValue(value)}`);
}

/** Returns the name of a parameter as in a narrative file: `max_tokens`. */
export function toFileKey(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function formatParameterValue(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(renameKeys(value));
}

/** Renames the keys of a table, but not those of tables in it. */
function renameKeys(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [toFileKey(key), entry]));
}
