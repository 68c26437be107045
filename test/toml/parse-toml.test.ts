import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseToml } from '../../src/toml/parse-toml.js';

/** A value of a file. Tables are lists of entries, because an object has a prototype. */
type Value = string | bigint | Value[] | Entries;
interface Entries {
  entries: (readonly [key: string, value: Value])[];
}

const inherited = Object.getOwnPropertyNames(Object.prototype);
const key = fc.oneof(fc.constantFrom('a', 'model', 'two words', '\u{1F3AC}', 'x.y'), fc.constantFrom(...inherited));
const integers = fc.oneof(fc.bigInt({ min: -9n, max: 99n }), fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n }));
const text = fc.oneof(fc.constantFrom('', 'plain', 'toString', '{{previous}}', '\0'), fc.string());
const { table } = fc.letrec<{ table: Entries; value: Value }>((tie) => ({
  table: fc
    .uniqueArray(fc.tuple(key, tie('value')), { selector: ([name]) => name, maxLength: 4 })
    .map((entries) => ({ entries })),
  value: fc.oneof({ maxDepth: 3 }, text, integers, fc.array(text, { maxLength: 2 }), tie('table')),
}));

/** Random numbers that choose between the notations of a key, a whole number or a table. */
const spellings = fc.infiniteStream(fc.nat({ max: 3 }));

test('reads exactly the names and values of the file', () => {
  fc.assert(
    fc.property(table, spellings, (expected, spelling) => {
      const source = expected.entries.map(([name, value]) => renderEntry(name, value, spelling)).join('');
      const parsed = parseToml(source);
      expect(parsed.ok && simplify(parsed.table)).toEqual(sortKeys(expected));
    }),
    { numRuns: 500 },
  );
});

test('creates tables without a prototype', () => {
  // The parser takes a different path for each first line: an empty line, an inherited name, an escape, a large number.
  for (const firstLine of ['', 'toString = 1', '"\\u007a" = 1', 'big = 123456789012345678901']) {
    const parsed = parseToml(`${firstLine}\n[a.b]\nc = {d = [[{e = 1}]]}\n[[f]]\n[f.g]\nh.i = 2`);
    const tables = parsed.ok ? listTables(parsed.table) : [];
    expect(tables).toHaveLength(8);
    for (const parsedTable of tables) expect(Object.getPrototypeOf(parsedTable)).toBe(null);
  }
});

test('does not change built-in objects', () => {
  const source = inherited.map((name) => `[a.${name}]\nx.${name}.y = 1\nz = {${name}.y = 2}\n`).join('');
  expect(parseToml(source).ok).toBe(true);
  for (const name of Object.getOwnPropertyNames(Object.prototype)) {
    const { value } = Object.getOwnPropertyDescriptor(Object.prototype, name) ?? {};
    if (typeof value === 'function') expect(Object.keys(value)).toEqual([]);
  }
  expect(Object.keys(Object.prototype)).toEqual([]);
});

type Spelling = Iterator<number>;

/** Renders a top-level entry. A table is written as dotted keys or as an inline table. */
function renderEntry(name: string, value: Value, spelling: Spelling): string {
  const isTable = typeof value === 'object' && !Array.isArray(value);
  if (!isTable) return `${renderKey(name, spelling)} = ${renderValue(value, spelling)}\n`;
  return value.entries.length > 0 && spelling.next().value === 0
    ? value.entries
        .map(
          ([innerName, innerValue]) =>
            `${renderKey(name, spelling)} . ${renderKey(innerName, spelling)} = ${renderValue(innerValue, spelling)}\n`,
        )
        .join('')
    : `${renderKey(name, spelling)} = ${renderValue(value, spelling)}\n`;
}

function renderKey(name: string, spelling: Spelling): string {
  const how = spelling.next().value;
  if (how === 0) return `"${[...name].map(escapeCharacter).join('')}"`;
  if (how === 1 && !name.includes("'")) return `'${name}'`;
  return how > 1 && /^[\w-]+$/.test(name) ? name : quoteString(name);
}

function escapeCharacter(character: string): string {
  return `\\U${(character.codePointAt(0) ?? 0).toString(16).padStart(8, '0')}`;
}

function quoteString(value: string): string {
  return `"${[...value].map((character) => (/[ !#-[\]-~]/.test(character) ? character : escapeCharacter(character))).join('')}"`;
}

function renderValue(value: Value, spelling: Spelling): string {
  if (typeof value === 'string') return quoteString(value);
  if (typeof value === 'bigint') return renderInteger(value, spelling);
  if (Array.isArray(value)) return `[${value.map((element) => renderValue(element, spelling)).join(', ')}]`;
  return `{${value.entries.map(([name, inner]) => `${renderKey(name, spelling)} = ${renderValue(inner, spelling)}`).join(', ')}}`;
}

function renderInteger(value: bigint, spelling: Spelling): string {
  const how = spelling.next().value;
  // Decimal, with underscores if `how` is 0. TOML has no negative numbers in the other notations.
  if (value < 0n || how === 0) return String(value).replaceAll(/\B(?=(\d{3})+$)/g, how === 0 ? '_' : '');
  const [prefix, radix] = how === 1 ? ['0x', 16] : how === 2 ? ['0o', 8] : ['0b', 2];
  return `${prefix}${value.toString(Number(radix))}`;
}

/** Converts a parsed value to a Value. */
function simplify(value: unknown): Value {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'bigint') return BigInt(value);
  if (Array.isArray(value)) return value.map(simplify);
  const names = Object.keys(value as object).sort();
  return { entries: names.map((name) => [name, simplify(Reflect.get(value as object, name))] as const) };
}

function sortKeys(value: Value): Value {
  if (typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(sortKeys);
  const entries = [...value.entries].sort(([left], [right]) => (left < right ? -1 : 1));
  return { entries: entries.map(([name, inner]) => [name, sortKeys(inner)] as const) };
}

function listTables(value: unknown): object[] {
  if (typeof value !== 'object' || value === null) return [];
  const inner = Object.values(value).flatMap(listTables);
  return Array.isArray(value) ? inner : [value, ...inner];
}
