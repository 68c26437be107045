import { expect, test } from 'vitest';
import {
  describeJsonError,
  parseJsonWithBigints,
  stringifyJsonWithBigints,
  tryParseJsonWithBigints,
} from '../../src/util/json.js';

/** Returns the error of `JSON.parse`, as `line:column reason`. */
function describeError(text: string): string {
  try {
    JSON.parse(text);
  } catch (thrown) {
    const { line, column, reason } = describeJsonError(thrown as Error, text);
    return `${line}:${column} ${reason}`;
  }
  return 'valid';
}

test.each([
  ['{"x": +1}', "1:7 Unexpected token '+'"],
  ['{\n  "secret": "x",\n  "y": tru e\n}', "3:11 Unexpected token ' '"],
  ['[1, 2', "1:6 Expected ',' or ']' after array element"],
  ['', '1:1 Unexpected end of JSON input'],
  ['{} {}', '1:4 Unexpected non-whitespace character after JSON'],
  ['["a\nb"]', '1:4 Bad control character in string literal'],
  [`[${'1,'.repeat(5000)}]`, "1:10002 Unexpected token ']'"],
])('says why and where %j is not valid JSON', (text, expected) => {
  expect(describeError(text)).toBe(expected);
});

test.each([
  '{"id":1234567890123456789,"ids":[-9007199254740993,9007199254740991,{"a":12345678901234567890}]}',
  '{"text":"12345678901234567890 \\"12345678901234567890","12345678901234567890":1}',
  '{"__proto__":12345678901234567890}',
])('%s is parsed and written digit for digit', (json) => {
  expect(stringifyJsonWithBigints(parseJsonWithBigints(json))).toBe(json);
});

test('a number that is not a safe integer becomes a bigint if it consists of at most 1,000 digits and nothing else', () => {
  const parsed = parseJsonWithBigints(
    '[9007199254740991, 9007199254740992, 1.0000000000000000001, 12345678901234567890e2]',
  );
  expect((parsed as unknown[]).map((value) => typeof value)).toEqual(['number', 'bigint', 'number', 'number']);
  expect(typeof parseJsonWithBigints('1'.repeat(2000))).toBe('number');
});

test('values without bigints are written as by JSON.stringify', () => {
  const value = { a: [1, 'x', null], b: new Date(0) };
  expect(stringifyJsonWithBigints(value, 2)).toBe(JSON.stringify(value, null, 2));
});

test('tryParseJsonWithBigints returns undefined for invalid JSON', () => {
  expect(tryParseJsonWithBigints('{12345678901234567890}')).toBeUndefined();
});

test('JSON that is nested too deeply for the conversion to bigints is still parsed', () => {
  const deep = `${'['.repeat(100_000)}12345678901234567890${']'.repeat(100_000)}`;
  expect(Array.isArray(parseJsonWithBigints(deep))).toBe(true);
});
