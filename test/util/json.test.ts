import { expect, test } from 'vitest';
import { describeJsonError } from '../../src/util/json.js';

/** The error of `JSON.parse`, as `line:column reason`. */
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
