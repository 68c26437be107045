import fc from 'fast-check';
import { getStaticTOMLValue, parseTOML } from 'toml-eslint-parser';
import { describe, expect, it } from 'vitest';
import { convertToml11 } from '../../src/toml/convert-toml-1.1.js';
import { parseToml } from '../../src/toml/parse-toml.js';
import { readToml } from '../../src/toml/read-toml.js';

/** The fragments of random texts: everything that TOML 1.1 added, and what must stay as it is. */
const fragment = fc.constantFrom(
  ...['{', '}', '[', ']', ',', '\n', ' # a } b, {\n', 'a = ', 'b = ', 'c.d = ', '1', '0', '"x"', '[t]\n'],
  ...['"\\e[1m\\x41"', '"\\\\e\\\\x41\\""', '"""\n\\e"" # ,\n}"""', "'\\e, }'", "'''\n\\x41,\n}'''", '" # "'],
);
const value: fc.Arbitrary<string> = fc.letrec<{ value: string }>((tie) => {
  const space = fc.constantFrom('', ' ', '\n', '# a } b, ]\n');
  const join = (open: string, close: string, element: fc.Arbitrary<string>) =>
    fc
      .tuple(fc.array(fc.tuple(space, element, space), { maxLength: 3 }), fc.boolean(), space)
      .map(([elements, hasLastComma, end]) => {
        const text = elements.map(([before, content, after]) => before + content + after).join(',');
        return `${open}${text}${hasLastComma && elements.length > 0 ? ',' : ''}${end}${close}`;
      });
  const entry = fc.tuple(fc.uuid(), space, tie('value')).map(([key, , content]) => `"${key}" = ${content}`);
  return {
    value: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom('1', '"x"', '"\\e[1m\\x41\\xfF"', '"\\\\e\\\\x41\\""', '"""\n\\e"" # ,\n}"""', "'\\e, }'"),
      join('[', ']', tie('value')),
      join('{', '}', entry),
    ),
  };
}).value;

describe('TOML 1.1', () => {
  it('is read as toml-eslint-parser reads it', () => {
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 3 }), (values) => {
        const text = values.map((content, index) => `key_${index} = ${content} # }\n`).join('');
        const parsed = parseToml(text);
        expect(parsed.ok && JSON.parse(JSON.stringify(parsed.table))).toEqual(getStaticTOMLValue(parseTOML(text)));
      }),
      { numRuns: 300 },
    );
  });

  it('is accepted after the conversion to TOML 1.0 only if toml-eslint-parser accepts the original text', () => {
    fc.assert(
      fc.property(fc.array(fragment, { maxLength: 12 }), (fragments) => {
        const text = fragments.join('');
        const needsConversion = convertToml11(text) !== undefined;
        if (needsConversion && parseToml(text).ok) expect(() => parseTOML(text)).not.toThrow();
      }),
      { numRuns: 2000 },
    );
  });

  it('may have the last comma of an inline table on a line of its own, but not without a value before it', () => {
    expect(parseToml('a = {b = 1 # one,\n , c = "#" # {\n , }')).toMatchObject({
      ok: true,
      table: { a: { b: 1, c: '#' } },
    });
    expect(parseToml('a = { # nothing\n , }').ok).toBe(false);
  });

  it('may break a line around an entry of an inline table, but not within the entry', () => {
    expect(parseToml('a = {\n b.c = "=" # d =\n,\n e = [ # .\n 1]\n}')).toMatchObject({
      ok: true,
      table: { a: { b: { c: '=' }, e: [1] } },
    });
    for (const entry of ['b =\n1', 'b\n= 1', 'b = # c\n1', 'b.\nc = 1', 'b\n.c = 1', 'b # c\n = 1'])
      expect(parseToml(`a = { ${entry} }`).ok, entry).toBe(false);
  });

  it.each([
    ['after an escape', 'a = {b = "\\e\\e",}\nc = 1 2', 2, 7],
    ['in an inline table of several lines', 'a = {\n  b = 1\n  c = 2\n}', 3, 3],
    ['at the second of two commas', 'a = {b = 1,,}', 1, 12],
    ['after an inline table that is not closed', 'a = {\n  b = 1\n[c]\nd = 1\n', 3, 1],
  ])('has its errors located in the original text: %s', async (_where, text, line, column) => {
    const read = readToml(Buffer.from(text));
    const diagnostic = read.ok ? undefined : await read.diagnose();
    expect(diagnostic?.location).toMatchObject({ line, column });
    // None of these texts has a date.
    expect(diagnostic?.message).not.toMatch(/date/);
  });

  it('is rejected with dates or times, which boticelli does not support', async () => {
    for (const time of ['07:32', '2020-01-01']) {
      const read = readToml(Buffer.from(`a = {\n  b = ${time}}`));
      const diagnostic = read.ok ? undefined : await read.diagnose();
      expect(diagnostic?.message).toMatch(/^dates and times are not supported/);
      expect(diagnostic?.location).toMatchObject({ line: 2, column: 7, length: time.length });
    }
  });
});
