/** What a TOML file holds, once parsed. Whole numbers beyond 2^53 come as bigint. */
export type TomlValue = string | number | bigint | boolean | Date | TomlValue[] | TomlTable;

/** A table has no prototype: whatever can be looked up in it stood in the file. */
export interface TomlTable {
  [key: string]: TomlValue;
}

/** Where a value stands: names of tables and keys from the top, and positions in arrays, counted from 0. */
export type Path = readonly (string | number)[];

export function isTable(value: TomlValue | undefined): value is TomlTable {
  return typeof value === 'object' && !Array.isArray(value) && !(value instanceof Date);
}

/** The value at a path, if there is one. */
export function valueAt(root: TomlTable, path: Path): TomlValue | undefined {
  let value: TomlValue | undefined = root;
  for (const step of path) {
    if (Array.isArray(value)) value = value[Number(step)];
    else value = isTable(value) ? value[step] : undefined;
  }
  return value;
}

/** The type of a value in TOML's words, with its article. */
export function describeType(value: TomlValue): string {
  if (Array.isArray(value)) return 'an array';
  if (value instanceof Date) return 'a date or time';
  if (typeof value === 'object') return 'a table';
  return typeof value === 'bigint' ? 'a number' : `a ${typeof value}`;
}

/** A name as a message shows it: in quotes, with control characters escaped. */
export const quote = (name: string): string => JSON.stringify(name);

/** A table as TOML writes it: `[acts.final]`, or `[[acts.final.input]]` for an element of an array of tables. */
export function formatTableHeader(path: Path): string {
  const names = path.filter((step) => typeof step === 'string');
  const header = names.map((name) => (/^[\w-]+$/.test(name) ? name : quote(name))).join('.');
  return typeof path.at(-1) === 'number' ? `[[${header}]]` : `[${header}]`;
}

/** A value by its name: `"model" in [acts.final]`, or `element 2 of "order" in [toc]`. */
export function describePath(path: Path): string {
  const parent = path.slice(0, -1);
  const last = path.at(-1) ?? '';
  if (typeof last === 'number') return `element ${last + 1} of ${describePath(parent)}`;
  return parent.length === 0 ? quote(last) : `${quote(last)} in ${formatTableHeader(parent)}`;
}
