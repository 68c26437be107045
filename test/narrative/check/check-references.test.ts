import { describe, expect, it } from 'vitest';
import { checkNarrative } from '../../../src/narrative/load-narrative.js';
import { checkSource, collectProblems, renderHead } from '../check-source.js';

/** Acts `one` and `two`, the second with this text; the text begins in line 7, column 8. */
const second = (text: string, more = '') =>
  `${renderHead('one', 'two')}[acts]\none = "x"\ntwo = ${JSON.stringify(text)}\n${more}`;

describe('a name in braces', () => {
  it.each([
    ['the act before', '{{previous}}'],
    ['an act that has played', '{{one}}'],
    ['the round', '{{round}}'],
    ['standard input', '{{stdin}}'],
    ['a variable', '{{vars.x}}'],
    ['anything, escaped', '\\{{nothing}}'],
  ])('may be %s', async (_what, text) => {
    expect(await collectProblems(second(text, '[vars]\nx = 1\n'))).toEqual([]);
  });

  it.each([
    ['{{onee}}', '7:8 unknown-name: {{onee}}: nothing has this name → {{one}}'],
    ['a {{ prevoius }}', '7:10 unknown-name: {{ prevoius }}: nothing has this name → {{previous}}'],
    ['{{colour}}', '7:8 unknown-name: {{colour}}: nothing has this name → {{vars.colour}}'],
    ['{{}}', '7:8 unknown-name: {{}}: nothing has this name'],
    [
      '{{vars.color}}',
      '7:8 unknown-variable: {{vars.color}}: neither [vars] nor --var defines "color" → {{vars.colour}}',
    ],
    ['{{two}}', '7:8 not-played-yet: {{two}}: the act "two" has not played when this text is sent'],
    ['{{constructor}}', '7:8 unknown-name: {{constructor}}: nothing has this name'],
    ['{{vars.__proto__}}', '7:8 unknown-variable: {{vars.__proto__}}: neither [vars] nor --var defines "__proto__"'],
  ])('is a fault where it stands for nothing: %s', async (text, expected) => {
    expect(await collectProblems(second(text, '[vars]\ncolour = "red"\n'))).toEqual([expected]);
  });

  it('is pointed at by its braces, past an escaped one, over lines, in each form of an act', async () => {
    const source = `${renderHead('a', 'b', 'c')}[acts]
a = ["x", "\\\\{{nix}} {{nix}}"]
b = """
one
 {{nix}} {{nix}}"""
[acts.c]
system = 'Be {{nix}}.'
input = [{ type = "text", content = "{{nix}}" }]
`;
    const fault = 'unknown-name: {{nix}}: nothing has this name';
    expect(await collectProblems(source)).toEqual([
      `6:22 ${fault}`,
      `9:2 ${fault}`,
      `11:14 ${fault}`,
      `12:38 ${fault}`,
    ]);
  });

  it('can not look ahead, nor before the first act', async () => {
    const source = `${renderHead('a', 'b', 'a')}[acts]\na = "{{b}} {{previous}}"\nb = "x"\n`;
    expect(await collectProblems(source)).toEqual([
      '6:6 not-played-yet: {{b}}: the act "b" has not played when this text is sent',
      '6:12 no-previous: {{previous}}: no act plays before the first one',
    ]);
  });

  it('in the system text of the narrative must be good for the first act that has it', async () => {
    const source = (own: string) => `[narrative]
name = "x"
system = "After {{previous}}"
[toc]
order = ["a", "b"]
[acts]
b = "x"
[acts.a]
${own}
input = [{ type = "text", content = "y" }]
`;
    expect(await collectProblems(source(''))).toEqual([
      '3:17 no-previous: {{previous}}: no act plays before the first one',
    ]);
    expect(await collectProblems(source('system = "None."'))).toEqual([]);
  });

  it('is checked in acts that never play too, but for their order', async () => {
    expect(
      await collectProblems(`${renderHead('a')}[acts]\na = "x {{b}}"\nb = "{{previous}} {{a}} {{nix}}"\n`),
    ).toEqual([
      '6:8 not-played-yet: {{b}}: the order never names the act "b"',
      '~ 7:1 unused-act: the order never names the act "b"',
      '7:25 unknown-name: {{nix}}: nothing has this name',
    ]);
  });

  it('means nothing where templates are off', async () => {
    const source = `[narrative]\nname = "x"\ntemplates = false\n[toc]\norder = ["a"]\n[acts]\na = "{{nix}} {{"\n`;
    const { narrative, diagnostics } = await checkSource(source);
    expect(diagnostics).toEqual([]);
    expect(narrative?.templates).toBe(false);
  });

  it('is doubtful where it is not closed: a warning, and how to write what was meant', async () => {
    expect(await collectProblems(second('\\{{ is good, {{one} is not'))).toEqual([
      '~ 7:22 stray-braces: a "{{" in "two" in [acts] is not closed on its line: it is sent as it is; write \\{{ where that is meant',
    ]);
  });

  it('may be an act with any name, but not one that means something else', async () => {
    const names = ['two words', 'a.b', '🎬', 'a/b', '__proto__', 'constructor'];
    const acts = names.map((name) => `${JSON.stringify(name)} = "x"\n`).join('');
    const last = `last = ${JSON.stringify(names.map((name) => `{{${name}}}`).join(' '))}\n`;
    expect(await collectProblems(`${renderHead(...names, 'last')}[acts]\n${acts}${last}`)).toEqual([]);
    expect(
      await collectProblems(`${renderHead('x', 'stdin', 'vars.x')}[acts]\nx = "x"\nstdin = "y"\n"vars.x" = "z"\n`),
    ).toEqual([
      `~ 7:1 reserved-name: in texts {{stdin}} has a meaning of its own, so that this act can't be referred to`,
      `~ 8:1 reserved-name: in texts {{vars.x}} has a meaning of its own, so that this act can't be referred to`,
    ]);
  });

  it('can not be standard input where the narrative itself came from there', async () => {
    const bytes = Buffer.from(second('{{stdin}}'));
    const { diagnostics } = await checkNarrative({ file: '<stdin>', bytes, folder: '.', isFromStdin: true });
    expect(diagnostics).toMatchObject([{ rule: 'stdin-taken', location: { line: 7, column: 8, length: 9 } }]);
  });
});

describe('[vars]', () => {
  it('may be strings, numbers and booleans, and are text', async () => {
    const vars = '[vars]\na = "x"\nb = 1_000\nc = 1.5\nd = true\ne = 9007199254740993\n__proto__ = "p"\n';
    const { narrative, diagnostics } = await checkSource(second('x', vars));
    expect(diagnostics).toEqual([]);
    const expected = { a: 'x', b: '1000', c: '1.5', d: 'true', e: '9007199254740993', ['__proto__']: 'p' };
    expect([...(narrative?.vars ?? [])]).toEqual(Object.entries(expected));
  });

  it('are nothing else', async () => {
    const vars = '[vars]\na = ["x"]\nb = { c = 1 }\nd = 2026-11-01\ne = nan\n';
    expect(await collectProblems(second('{{vars.d}}', vars))).toEqual([
      '9:5 wrong-type: "a" in [vars] must be a string, a number or a boolean, not an array',
      '10:5 wrong-type: "b" in [vars] must be a string, a number or a boolean, not a table',
      '11:5 wrong-type: "d" in [vars] must be a string, a number or a boolean, not a date or time',
      '12:5 out-of-range: "e" in [vars] must be a number, not nan',
    ]);
  });

  it('give way to values that are given, which define a variable too', async () => {
    const bytes = Buffer.from(second('{{vars.a}} {{vars.b}}', '[vars]\na = "file"\n'));
    const vars = new Map([
      ['a', 'given'],
      ['b', 'too'],
    ]);
    const { narrative, variables } = await checkNarrative({ file: 'x.toml', bytes, folder: '.' }, { vars });
    expect(Object.fromEntries(narrative?.vars ?? [])).toEqual({ a: 'given', b: 'too' });
    expect([...(variables ?? [])]).toEqual(['a', 'b']);
  });
});

describe('context', () => {
  const withContext = (context: string, header = '') =>
    `[narrative]\nname = "x"\n${header}[toc]\norder = ["a", "b", "c"]\n[acts]\na = "x"\nc = "z"\n[acts.b]\ncontext = ${context}\ninput = [{ type = "text", content = "y" }]\n`;

  it.each(['"full"', '"previous"', '"none"', '["a"]', '[]'])('may be %s', async (context) => {
    expect(await collectProblems(withContext(context))).toEqual([]);
  });

  it.each([
    [
      '"ful"',
      '9:11 unknown-value: "context" in [acts.b] must be "full", "previous", "none" or an array of acts, not "ful" → full',
    ],
    [
      '3',
      '9:11 wrong-type: "context" in [acts.b] must be "full", "previous", "none" or an array of acts, not a number',
    ],
    ['["a", 3]', '9:17 wrong-type: element 2 of "context" in [acts.b] must be a string, not a number'],
    ['["aa"]', '9:12 unknown-act: "context" names the act "aa", which does not exist → a'],
    ['["a", "c"]', '9:17 not-played-yet: "context" names the act "c", which has not played by then'],
    ['["b"]', '9:12 not-played-yet: "context" names the act "b", which has not played by then'],
  ])('may not be %s', async (context, expected) => {
    expect(await collectProblems(withContext(context))).toEqual([expected]);
  });

  it('of the whole narrative may name any of its acts: each act sees those that have played', async () => {
    expect(await collectProblems(withContext('"full"', 'context = ["b"]\n'))).toEqual([]);
    expect(await collectProblems(withContext('"full"', 'context = ["bb"]\n'))).toEqual([
      '3:12 unknown-act: "context" names the act "bb", which does not exist → b',
    ]);
  });
});

describe('carousel', () => {
  const turning = (carousel: string) => collectProblems(`${renderHead('a')}carousel = ${carousel}\n[acts]\na = "x"\n`);

  it('is a whole number from 1, and no more than anyone would play', async () => {
    expect(await turning('3')).toEqual([]);
    expect(await turning('0')).toEqual(['5:12 out-of-range: "carousel" in [toc] must be at least 1, not 0']);
    expect(await turning('1.5')).toEqual(['5:12 wrong-type: "carousel" in [toc] must be a whole number, not 1.5']);
    expect(await turning('200_000')).toEqual(['5:12 too-many-acts: 200000 acts would play; 100000 are the most']);
  });
});

it('checks the references of ten thousand acts in a time that grows with their number alone', async () => {
  const source = (acts: number) => {
    const names = Array.from({ length: acts }, (_, at) => `act_${at}`);
    const text = (at: number) => (at === 0 ? 'x' : `{{previous}} {{act_${at - 1}}} {{vars.x}} {{act_0}}`);
    return `${renderHead(...names)}[acts]\n${names.map((name, at) => `${name} = "${text(at)}"\n`).join('')}[vars]\nx = 1\n`;
  };
  const timeOf = async (acts: number) => {
    const startedAt = process.cpuUsage();
    expect(await collectProblems(source(acts))).toEqual([]);
    // Of the processor, not of the clock: other processes must not count.
    return process.cpuUsage(startedAt).user / 1000;
  };
  await timeOf(500);
  const few = await timeOf(2500);
  // Four times the acts; were it to grow with the square, it would be sixteen times the time.
  expect(await timeOf(10_000)).toBeLessThan(12 * Math.max(20, few));
});

it.each([
  ['an act', `${renderHead('a')}[acts]\na = ${'['.repeat(20_000)}${']'.repeat(20_000)}\n`],
  ['a variable', `${renderHead('a')}[acts]\na = "x"\n[vars]\nx = ${'['.repeat(20_000)}${']'.repeat(20_000)}\n`],
  ['a context', `${renderHead('a')}[acts.a]\ncontext = ${'['.repeat(20_000)}${']'.repeat(20_000)}\n`],
])('tells arrays that are nested twenty thousand deep in %s from what should be there', async (_what, source) => {
  expect((await collectProblems(source))[0]).toMatch(/wrong-type|missing-key/);
});

it.each(['}}', 'a {b} c', '}}\n', 'narrative: a story', 'media. Then more'])(
  '%j is a text like any other',
  async (text) => {
    expect(await collectProblems(`${renderHead('a')}[acts]\na = [${JSON.stringify(text)}]\n`)).toEqual([]);
  },
);
