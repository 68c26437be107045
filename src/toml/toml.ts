import { isRecord } from '../util/json.js';

/** A parsed TOML value. Whole numbers beyond 2^53 are bigint. */
export type TomlValue = string | number | bigint | boolean | Date | TomlValue[] | TomlTable;

/** A TOML table. It has no prototype, so a lookup only finds keys of the file. */
export interface TomlTable {
  [key: string]: TomlValue;
}

/** The key path of a value: the names of tables and keys, and the array indexes from 0, that lead to it. */
export type Path = readonly (string | number)[];

/** Whether a value is a table. A date is an object, but not a table. */
export function isTable(value: TomlValue | undefined): value is TomlTable {
  return isRecord(value) && !(value instanceof Date);
}

/** Returns the value at a key path, if any. */
export function valueAt(root: TomlTable, keyPath: Path): TomlValue | undefined {
  let value: TomlValue | undefined = root;
  for (const step of keyPath) {
    if (Array.isArray(value)) value = value[Number(step)];
    else value = isTable(value) ? value[step] : undefined;
  }
  return value;
}

/** Names the TOML type of a value, with its article: `a string`. */
export function describeType(value: TomlValue): string {
  if (Array.isArray(value)) return 'an array';
  if (value instanceof Date) return 'a date or time';
  if (typeof value === 'object') return 'a table';
  return typeof value === 'bigint' ? 'a number' : `a ${typeof value}`;
}

/** Formats a name for a message: in quotes, with control characters escaped. */
export const quote = (name: string): string => JSON.stringify(name);

/** Formats the header of a table: `[acts.final]`, or `[[acts.final.input]]` for an element of an array of tables. */
export function formatTableHeader(keyPath: Path): string {
  const names = keyPath.filter((step) => typeof step === 'string');
  const header = names.map((name) => (/^[\w-]+$/.test(name) ? name : quote(name))).join('.');
  return typeof keyPath.at(-1) === 'number' ? `[[${header}]]` : `[${header}]`;
}

/** Describes a key path for a message: `"model" in [acts.final]`, or `element 2 of "order" in [toc]`. */
export function describePath(keyPath: Path): string {
  const parent = keyPath.slice(0, -1);
  const last = keyPath.at(-1) ?? '';
  if (typeof last === 'number') return `element ${last + 1} of ${describePath(parent)}`;
  return parent.length === 0 ? quote(last) : `${quote(last)} in ${formatTableHeader(parent)}`;
}

/** Whether a value contains a date or a key `__proto__`. Works without recursion, because values may be deeply nested. */
export function containsDateOrProtoKey(value: TomlValue): boolean {
  const pending = [value];
  for (const current of pending) {
    if (typeof current !== 'object') continue;
    if (current instanceof Date || Object.hasOwn(current, '__proto__')) return true;
    for (const child of Object.values(current)) pending.push(child);
  }
  return false;
}
