import { describe, expect, it } from 'vitest';
import { checkSource, collectProblems, renderHead } from '../check-source.js';

describe('a text that is no TOML', () => {
  it.each([
    ['a string is not closed', 'a = "x\nb = 1', '1:7 syntax: the string is not closed on its line'],
    [
      'a multi-line string is never closed',
      'a = 1\nb = """x\ny\n',
      '2:5 syntax: this multi-line string is never closed',
    ],
    [
      'a quote stands inside of a string',
      'a = 1\nb = "say "hi""',
      '2:11 syntax: expected nothing more on this line; inside of a string a quote is written \\"',
    ],
    ['a key has no value', 'text\na = 1', '1:5 syntax: expected "=" after the key'],
    [
      'a value has no quotes',
      'a = gemini',
      '1:5 syntax: expected a value: a string in quotes, a number, true or false, an array or a table',
    ],
    ['a table has no bracket', '[acts\na = 1', '1:6 syntax: expected "]" after the name of the table'],
    ['a key is there twice', 'a = 1\nb = 2\na = 3 # again', '3:1 syntax: this is defined a second time'],
    ['a table is there twice', '[t]\na = 1\n[t]\n', '3:2 syntax: this is defined a second time'],
    ['an act is there twice', '[acts]\nx = "y"\n[acts.x]\n', '3:7 syntax: this is defined a second time'],
    [
      'a path has backslashes',
      'a = "C:\\data"',
      "1:9 syntax: unknown escape in a string; a backslash is written \\\\, or the string put in 'single quotes'",
    ],
    ['a comma is missing', 'a = ["x"\n"y"]', '2:1 syntax: expected "," or "]" in the array'],
    ['a date does not exist', 'a = 1\nb = 2020-13-01 # x', '2:5 syntax: this is no valid date, time or number'],
    ['a time does not exist', 'a = 25:00:00', '1:5 syntax: this is no valid date, time or number'],
    [
      'the line before the place has characters of two units',
      'a = "😀" x',
      '1:10 syntax: expected nothing more on this line; inside of a string a quote is written \\"',
    ],
    [
      'there is a control character',
      'a = "x\u0000y"',
      '1:7 syntax: a control character: write it as an escape, \\u0000 for example, in a string in "quotes"',
    ],
    [
      'a date stands where the parser takes none',
      'a = [2020-01-01]',
      `1:6 syntax: a date or a time can't be read here: write it as a string, in "quotes"`,
    ],
    [
      'lines end with CR alone',
      '[narrative]\rname = "x"\r',
      '1:1 syntax: the lines of the file end with CR alone: save it with LF, or CRLF, at their ends',
    ],
  ])('is one fault in its place: %s', async (_what, source, expected) => {
    expect(await collectProblems(source)).toEqual([expected]);
  });

  it('is still a fault in its place where it is nested without end', async () => {
    expect(await collectProblems(`a = ${'['.repeat(100_000)}`)).toEqual([expect.stringMatching(/^1:100005 syntax/)]);
    expect(await collectProblems(`a = ${'['.repeat(100_000)}${']'.repeat(100_000)}`)).toContain(
      '- unknown-table: unknown table [a]',
    );
  });

  it('has no place where the second parser is stricter than the first, but is a fault all the same', async () => {
    const acts = '[acts.a.safety]\nharassment = "off"\n[acts.a]\nsafety.hate_speech = "off"\n';
    const source = `${renderHead('a')}x = 1\n${acts}input = [{ type = "text", content = "x" }]\n`;
    expect(await collectProblems(source)).toEqual(['- unknown-key: unknown key "x" in [toc]']);
  });

  it('has its places where a date is none that the calendar has', async () => {
    const source = `${renderHead('a')}x = 2020-02-30\n[acts]\na = ["2020-02-30", "{{b}}"]\n`;
    expect(await collectProblems(source)).toEqual([
      '5:1 unknown-key: unknown key "x" in [toc]',
      '7:21 unknown-name: {{b}}: nothing has this name',
    ]);
  });

  it('has its places where acts are named by days, beside a date that is none too', async () => {
    const acts = '2024-01-30 = "x"\n2024-01-31 = "{{b}}"\n';
    for (const [line, at] of [
      ['', 6],
      ['x = 2020-02-30\n', 7],
    ] as const) {
      const source = `[narrative]\nname = "x"\n[toc]\norder = ["2024-01-30", "2024-01-31"]\n${line}[acts]\n${acts}`;
      expect(await collectProblems(source)).toContain(`${at + 1}:15 unknown-name: {{b}}: nothing has this name`);
    }
  });
});

describe('a whole number that 64 bits can not hold', () => {
  it('is no other number: as a variable it is the text that was written', async () => {
    const source = `${renderHead('a')}[vars]\nlarge = 123456789012345678901\nsmall = -9223372036854775809\nhex = 0xFFFFFFFFFFFFFFFFFF\n[acts]\na = "{{vars.large}} {{vars.small}} {{vars.hex}}"\n`;
    const { narrative } = await checkSource(source);
    expect([...(narrative?.vars?.values() ?? [])]).toEqual([
      '123456789012345678901',
      '-9223372036854775809',
      String(0xffffffffffffffffffn),
    ]);
  });

  it('is too large or too small by its sign', async () => {
    const settings = 'max_tokens = 9223372036854775808\nseed = -9223372036854775809\n';
    const source = `[narrative]\nname = "x"\n${settings}[toc]\norder = ["a"]\n[acts]\na = "x"\n`;
    expect(await collectProblems(source)).toEqual([
      '3:14 out-of-range: "max_tokens" in [narrative] is too large',
      '4:8 out-of-range: "seed" in [narrative] is too small',
    ]);
  });
});

describe('names that every JavaScript object has', () => {
  it('are names of acts like any other', async () => {
    const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'];
    const tables = `[acts.__proto__]\ninput = [{ type = "text", content = "1" }]\n[acts.constructor]\ninput = [{ type = "text", content = "2" }]\n`;
    const source = `${renderHead(...names)}[acts]\ntoString = "3"\nhasOwnProperty = ["4"]\n${tables}`;
    const { narrative, diagnostics } = await checkSource(source);
    expect(diagnostics).toEqual([]);
    const acts = narrative?.acts.map(({ name, inputs }) => [name, inputs[0]]);
    expect(acts).toEqual(names.map((name, at) => [name, { type: 'text', content: String(at + 1) }]));
  });

  it('are checked like any other', async () => {
    const source = `${renderHead('__proto__')}[acts.__proto__]\ntemprature = 1\n[media.__proto__]\nfile = 3\n`;
    expect(await collectProblems(source)).toEqual([
      '5:7 missing-key: [acts.__proto__] has no "input"',
      '6:1 unknown-key: unknown key "temprature" in [acts.__proto__] → temperature',
      '8:8 wrong-type: "file" in [media.__proto__] must be a string, not a number',
    ]);
  });

  it('leave the objects of the process alone', async () => {
    await checkSource(
      '[constructor]\npolluted = 1\n[toString]\npolluted = 1\n[a.valueOf.b]\npolluted = 1\n[__proto__]\npolluted = 1\n',
    );
    for (const object of [Object, Object.prototype, Object.prototype.toString, Object.prototype.valueOf]) {
      expect(Object.keys(object)).toEqual([]);
      expect(object).not.toHaveProperty('polluted');
    }
  });

  it('are told apart from names that begin with the mark that hides them from the parser', async () => {
    const source = `${renderHead('\u0000toString', 'toString')}[acts]\n"\\u0000toString" = "1"\ntoString = "2"\n`;
    const { narrative } = await checkSource(source);
    expect(narrative?.acts.map(({ inputs }) => inputs)).toEqual([
      [{ type: 'text', content: '1' }],
      [{ type: 'text', content: '2' }],
    ]);
  });
});
