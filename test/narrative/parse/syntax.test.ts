import { describe, expect, it } from 'vitest';
import { checkSource, collectProblems, renderHead } from '../check-source.js';

describe('a syntax error', () => {
  it.each([
    ['a string is not closed', 'a = "x\nb = 1', '1:7 syntax: unterminated string; for several lines use """'],
    ['a multi-line string is not closed', 'a = 1\nb = """x\ny\n', '2:5 syntax: unterminated multi-line string'],
    [
      'a string contains a quote',
      'a = 1\nb = "say "hi""',
      '2:11 syntax: unexpected text after the value; inside a string write a quote as \\"',
    ],
    ['a key has no value', 'text\na = 1', '1:5 syntax: expected "=" after the key'],
    [
      'a value has no quotes',
      'a = gemini',
      '1:5 syntax: expected a value: a string in quotes, a number, true or false, an array or a table',
    ],
    ['a table name has no closing bracket', '[acts\na = 1', '1:6 syntax: expected "]" after the table name'],
    ['a key is duplicated', 'a = 1\nb = 2\na = 3 # again', '3:1 syntax: already defined above'],
    ['a table is duplicated', '[t]\na = 1\n[t]\n', '3:2 syntax: already defined above'],
    ['an act is duplicated', '[acts]\nx = "y"\n[acts.x]\n', '3:7 syntax: already defined above'],
    [
      'a path has backslashes',
      'a = "C:\\data"',
      "1:9 syntax: unknown escape in a string; write a backslash as \\\\, or use 'single quotes'",
    ],
    [
      'a comma is missing',
      'a = ["x"\n"y"]',
      '2:1 syntax: expected "," or the closing bracket of the array or inline table',
    ],
    ['a date does not exist', 'a = 1\nb = 2020-13-01 # x', '2:5 syntax: not a valid date, time or number'],
    ['a time does not exist', 'a = 25:00:00', '1:5 syntax: not a valid date, time or number'],
    [
      'the line contains characters of two code units',
      'a = "😀" x',
      '1:10 syntax: unexpected text after the value; inside a string write a quote as \\"',
    ],
    [
      'a string contains a control character',
      'a = "x\u0000y"',
      '1:7 syntax: control character; write it as an escape such as \\u0000, in a string in "quotes"',
    ],
    [
      'a date is in an array, which @iarna/toml rejects',
      'a = [2020-01-01]',
      `1:6 syntax: dates and times are not supported here; write a string in "quotes"`,
    ],
    [
      'lines end with CR alone',
      '[narrative]\rname = "x"\r',
      '1:1 syntax: the lines end with CR only; save the file with LF or CRLF line endings',
    ],
  ])('is reported once, with its location: %s', async (_what, source, expected) => {
    expect(await collectProblems(source)).toEqual([expected]);
  });

  it('has a location even in deeply nested arrays, where other problems have none', async () => {
    expect(await collectProblems(`a = ${'['.repeat(100_000)}`)).toEqual([expect.stringMatching(/^1:100005 syntax/)]);
    expect(await collectProblems(`a = ${'['.repeat(100_000)}${']'.repeat(100_000)}`)).toContain(
      '- unknown-table: unknown table [a]',
    );
  });
});

describe('a problem other than a syntax error', () => {
  it('has no location if toml-eslint-parser, which finds the locations, rejects the text', async () => {
    const acts = '[acts.a.safety]\nharassment = "off"\n[acts.a]\nsafety.hate_speech = "off"\n';
    const source = `${renderHead('a')}x = 1\n${acts}input = [{ type = "text", content = "x" }]\n`;
    expect(await collectProblems(source)).toEqual(['- unknown-key: unknown key "x" in [toc]']);
  });

  it('has a location even if the file has a date such as 30 February, which toml-eslint-parser rejects', async () => {
    const source = `${renderHead('a')}x = 2020-02-30\n[acts]\na = ["2020-02-30", "{{b}}"]\n`;
    expect(await collectProblems(source)).toEqual([
      '5:1 unknown-key: unknown key "x" in [toc]',
      '7:21 unknown-name: unknown name {{b}}; for a variable write {{vars.b}} and define it in [vars]',
    ]);
  });

  it('has a location if act names look like dates, even in a file with a date such as 30 February', async () => {
    const acts = '2024-01-30 = "x"\n2024-01-31 = "{{b}}"\n';
    for (const [extraLine, problemLine] of [
      ['', 7],
      ['x = 2020-02-30\n', 8],
    ] as const) {
      const source = `[narrative]\nname = "x"\n[toc]\norder = ["2024-01-30", "2024-01-31"]\n${extraLine}[acts]\n${acts}`;
      expect(await collectProblems(source)).toContain(
        `${problemLine}:15 unknown-name: unknown name {{b}}; for a variable write {{vars.b}} and define it in [vars]`,
      );
    }
  });
});

describe('a whole number beyond 64 bits', () => {
  it('keeps its value as a variable', async () => {
    const source = `${renderHead('a')}[vars]\nlarge = 123456789012345678901\nsmall = -9223372036854775809\nhex = 0xFFFFFFFFFFFFFFFFFF\n[acts]\na = "{{vars.large}} {{vars.small}} {{vars.hex}}"\n`;
    const { narrative } = await checkSource(source);
    expect([...(narrative?.vars?.values() ?? [])]).toEqual([
      '123456789012345678901',
      '-9223372036854775809',
      String(0xffffffffffffffffffn),
    ]);
  });

  it('is reported as too large or too small', async () => {
    const settings = 'max_tokens = 9223372036854775808\nseed = -9223372036854775809\n';
    const source = `[narrative]\nname = "x"\n${settings}[toc]\norder = ["a"]\n[acts]\na = "x"\n`;
    expect(await collectProblems(source)).toEqual([
      '3:14 out-of-range: "max_tokens" in [narrative] is too large',
      '4:8 out-of-range: "seed" in [narrative] is too small',
    ]);
  });
});

describe('names of inherited JavaScript properties', () => {
  it('are valid act names', async () => {
    const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'];
    const tables = `[acts.__proto__]\ninput = [{ type = "text", content = "1" }]\n[acts.constructor]\ninput = [{ type = "text", content = "2" }]\n`;
    const source = `${renderHead(...names)}[acts]\ntoString = "3"\nhasOwnProperty = ["4"]\n${tables}`;
    const { narrative, diagnostics } = await checkSource(source);
    expect(diagnostics).toEqual([]);
    const acts = narrative?.acts.map(({ name, inputs }) => [name, inputs[0]]);
    expect(acts).toEqual(names.map((name, index) => [name, { type: 'text', content: String(index + 1) }]));
  });

  it('are checked like any other name', async () => {
    const source = `${renderHead('__proto__')}[acts.__proto__]\ntemprature = 1\n[media.__proto__]\nfile = 3\n`;
    expect(await collectProblems(source)).toEqual([
      '5:7 missing-key: [acts.__proto__] has none of "prompt", "media", "input"',
      '6:1 unknown-key: unknown key "temprature" in [acts.__proto__] → temperature',
      '8:8 wrong-type: "file" in [media.__proto__] must be a string, not a number',
    ]);
  });

  it('do not pollute prototypes', async () => {
    await checkSource(
      '[constructor]\npolluted = 1\n[toString]\npolluted = 1\n[a.valueOf.b]\npolluted = 1\n[__proto__]\npolluted = 1\n',
    );
    for (const object of [Object, Object.prototype, Object.prototype.toString, Object.prototype.valueOf]) {
      expect(Object.keys(object)).toEqual([]);
      expect(object).not.toHaveProperty('polluted');
    }
  });

  it('are kept apart from names that begin with a NUL in the file, although parseToml puts a NUL before inherited names', async () => {
    const source = `${renderHead('\u0000toString', 'toString')}[acts]\n"\\u0000toString" = "1"\ntoString = "2"\n`;
    const { narrative } = await checkSource(source);
    expect(narrative?.acts.map(({ inputs }) => inputs)).toEqual([
      [{ type: 'text', content: '1' }],
      [{ type: 'text', content: '2' }],
    ]);
  });
});
