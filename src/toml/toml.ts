import { isRecord } from '../util/json.js';

/** A parsed TOML value. Whole numbers beyond 2^53 are bigint. */
export type TomlValue = string | number | bigint | boolean | Date | TomlValue[] | TomlTable;

/** A TOML table. It has no prototype, so a lookup only finds keys of the file. */
export interface TomlTable {
  [key: string]: TomlValue;
}

/** The path to a value: names of tables and keys, and array indexes from 0. */
export type Path = readonly (string | number)[];

/** Whether a value is a table. A date is an object, but not a table. */
export function isTable(value: TomlValue | undefined): value is TomlTable {
  return isRecord(value) && !(value instanceof Date);
}

/** Returns the value at a path, if any. */
export function valueAt(root: TomlTable, path: Path): TomlValue | undefined {
  let value: TomlValue | undefined = root;
  for (const step of path) {
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
export function formatTableHeader(path: Path): string {
  const names = path.filter((step) => typeof step === 'string');
  const header = names.map((name) => (/^[\w-]+$/.test(name) ? name : quote(name))).join('.');
  return typeof path.at(-1) === 'number' ? `[[${header}]]` : `[${header}]`;
}

/** Describes a path for a message: `"model" in [acts.final]`, or `element 2 of "order" in [toc]`. */
export function describePath(path: Path): string {
  const parent = path.slice(0, -1);
  const last = path.at(-1) ?? '';
  if (typeof last === 'number') return `element ${last + 1} of ${describePath(parent)}`;
  return parent.length === 0 ? quote(last) : `${quote(last)} in ${formatTableHeader(parent)}`;
}
