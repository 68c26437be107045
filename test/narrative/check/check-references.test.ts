import { describe, expect, it } from 'vitest';
import { checkNarrative } from '../../../src/narrative/load-narrative.js';
import { checkSource, collectProblems, renderHead } from '../check-source.js';

/** Renders the acts `one` and `two`, then other tables. The text of `two` begins on line 7, in column 8. */
const renderTwoActs = (text: string, tables = '') =>
  `${renderHead('one', 'two')}[acts]\none = "x"\ntwo = ${JSON.stringify(text)}\n${tables}`;

describe('a placeholder', () => {
  it.each([
    ['the previous act', '{{previous}}'],
    ['an act that has run', '{{one}}'],
    ['the round', '{{round}}'],
    ['standard input', '{{stdin}}'],
    ['a variable', '{{vars.x}}'],
    ['anything, if it is escaped', '\\{{nothing}}'],
  ])('may refer to %s', async (_what, text) => {
    expect(await collectProblems(renderTwoActs(text, '[vars]\nx = 1\n'))).toEqual([]);
  });

  it.each([
    [
      '{{onee}}',
      '7:8 unknown-name: unknown name {{onee}}; for a variable write {{vars.onee}} and define it in [vars] → {{one}}',
    ],
    [
      'a {{ prevoius }}',
      '7:10 unknown-name: unknown name {{ prevoius }}; for a variable write {{vars.prevoius}} and define it in [vars] → {{previous}}',
    ],
    ['{{colour}}', '7:8 unknown-name: unknown name {{colour}} → {{vars.colour}}'],
    ['{{}}', '7:8 unknown-name: unknown name {{}}'],
    ['{{vras.colour}}', '7:8 unknown-name: unknown name {{vras.colour}} → {{vars.colour}}'],
    ['{{Var.colour}}', '7:8 unknown-name: unknown name {{Var.colour}} → {{vars.colour}}'],
    [
      '{{vras.size}}',
      '7:8 unknown-name: unknown name {{vras.size}}; for a variable write {{vars.size}} and define it in [vars]',
    ],
    ['{{ one | upper }}', '7:8 unknown-name: unknown name {{ one | upper }}; there are no filters such as "|" here'],
    [
      '{{vars.color}}',
      '7:8 unknown-variable: unknown variable {{vars.color}}; define it in [vars] or with --var → {{vars.colour}}',
    ],
    ['{{two}}', '7:8 not-played-yet: {{two}} has no value: the act "two" has not run when this text is used'],
    [
      '{{constructor}}',
      '7:8 unknown-name: unknown name {{constructor}}; for a variable write {{vars.constructor}} and define it in [vars]',
    ],
    [
      '{{vars.__proto__}}',
      '7:8 unknown-variable: unknown variable {{vars.__proto__}}; define it in [vars] or with --var',
    ],
  ])('is reported if it has no value: %s', async (text, expected) => {
    expect(await collectProblems(renderTwoActs(text, '[vars]\ncolour = "red"\n'))).toEqual([expected]);
  });

  it('is reported once per text, where it first occurs, whether the act is a string, an array or a table', async () => {
    // In the text of the act "a", a backslash escapes the first {{nix}}, so only the second is a placeholder.
    const source = `${renderHead('a', 'b', 'c')}[acts]
a = ["x", "\\\\{{nix}} {{nix}}"]
b = """
one
 {{nix}} {{nix}}"""
[acts.c]
system = 'Be {{nix}}.'
input = [{ type = "text", content = "{{nix}}" }]
`;
    const problem = 'unknown-name: unknown name {{nix}}; for a variable write {{vars.nix}} and define it in [vars]';
    expect(await collectProblems(source)).toEqual([
      `6:22 ${problem}`,
      `9:2 ${problem}`,
      `11:14 ${problem}`,
      `12:38 ${problem}`,
    ]);
  });

  it('has no value if it names a later act, or if it is {{previous}} in the first act', async () => {
    const source = `${renderHead('a', 'b', 'a')}[acts]\na = "{{b}} {{previous}}"\nb = "x"\n`;
    expect(await collectProblems(source)).toEqual([
      '6:6 not-played-yet: {{b}} has no value: the act "b" has not run when this text is used',
      '6:12 no-previous: {{previous}} has no value in the first act: no act runs before it',
    ]);
  });

  it('in the system instruction of the narrative must be valid for the first act that uses it', async () => {
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
      '3:17 no-previous: {{previous}} has no value in the first act: no act runs before it',
    ]);
    expect(await collectProblems(source('system = "None."'))).toEqual([]);
  });

  it('cannot refer to an act outside of "order"; in an act outside of "order", it may refer to any act in "order"', async () => {
    expect(
      await collectProblems(`${renderHead('a')}[acts]\na = "x {{b}}"\nb = "{{previous}} {{a}} {{nix}}"\n`),
    ).toEqual([
      '6:8 not-played-yet: {{b}} has no value: the act "b" is not listed in "order"',
      'warning 7:1 unused-act: the act "b" is not listed in "order"',
      '7:25 unknown-name: unknown name {{nix}}; for a variable write {{vars.nix}} and define it in [vars]',
    ]);
  });

  it('is text if templates are off', async () => {
    const source = `[narrative]\nname = "x"\ntemplates = false\n[toc]\norder = ["a"]\n[acts]\na = "{{nix}} {{"\n`;
    const { narrative, diagnostics } = await checkSource(source);
    expect(diagnostics).toEqual([]);
    expect(narrative?.templates).toBe(false);
  });

  it('that is unclosed causes a warning, which explains how to escape it', async () => {
    expect(await collectProblems(renderTwoActs('\\{{ is fine, {{one} is not'))).toEqual([
      'warning 7:22 stray-braces: unclosed "{{" in "two" in [acts] is kept as text; if that is intended, write \\{{',
    ]);
  });

  it('is the only syntax that is filled in: a block of Jinja causes a warning, other text with {% does not', async () => {
    expect(await collectProblems(renderTwoActs('{% if x %}{{one}}{%- endif -%} {% 5 %}'))).toEqual([
      'warning 7:8 stray-braces: "two" in [acts] contains {% if x %}, which is kept as text: only {{names}} are filled in',
    ]);
    expect(await collectProblems(renderTwoActs('50{%}, {% and %}, {% ifx %}'))).toEqual([]);
  });

  it('may refer to an act with any name, except for built-in names', async () => {
    const names = ['two words', 'a.b', '🎬', 'a/b', '__proto__', 'constructor'];
    const acts = names.map((name) => `${JSON.stringify(name)} = "x"\n`).join('');
    const last = `last = ${JSON.stringify(names.map((name) => `{{${name}}}`).join(' '))}\n`;
    expect(await collectProblems(`${renderHead(...names, 'last')}[acts]\n${acts}${last}`)).toEqual([]);
    expect(
      await collectProblems(`${renderHead('x', 'stdin', 'vars.x')}[acts]\nx = "x"\nstdin = "y"\n"vars.x" = "z"\n`),
    ).toEqual([
      `warning 7:1 reserved-name: {{stdin}} has a built-in meaning, so texts can't refer to this act`,
      `warning 8:1 reserved-name: {{vars.x}} has a built-in meaning, so texts can't refer to this act`,
    ]);
  });

  it('cannot refer to standard input if the narrative was read from it', async () => {
    const bytes = Buffer.from(renderTwoActs('{{stdin}}'));
    const { diagnostics } = await checkNarrative({ file: '<stdin>', bytes, folder: '.', isFromStdin: true });
    expect(diagnostics).toMatchObject([{ rule: 'stdin-taken', location: { line: 7, column: 8, length: 9 } }]);
  });
});

describe('[vars]', () => {
  it('accepts strings, numbers and booleans, and converts them to text', async () => {
    const vars = '[vars]\na = "x"\nb = 1_000\nc = 1.5\nd = true\ne = 9007199254740993\n__proto__ = "p"\n';
    const { narrative, diagnostics } = await checkSource(renderTwoActs('x', vars));
    expect(diagnostics).toEqual([]);
    const expected = { a: 'x', b: '1000', c: '1.5', d: 'true', e: '9007199254740993', ['__proto__']: 'p' };
    expect([...(narrative?.vars ?? [])]).toEqual(Object.entries(expected));
  });

  it('rejects other types', async () => {
    const vars = '[vars]\na = ["x"]\nb = { c = 1 }\nd = 2026-11-01\ne = nan\n';
    expect(await collectProblems(renderTwoActs('{{vars.d}}', vars))).toEqual([
      '9:5 wrong-type: "a" in [vars] must be a string, a number or a boolean, not an array',
      '10:5 wrong-type: "b" in [vars] must be a string, a number or a boolean, not a table',
      '11:5 wrong-type: "d" in [vars] must be a string, a number or a boolean, not a date or time',
      '12:5 out-of-range: "e" in [vars] must be a number, not nan',
    ]);
  });

  it('is overridden by given values, which also define new variables', async () => {
    const bytes = Buffer.from(renderTwoActs('{{vars.a}} {{vars.b}}', '[vars]\na = "file"\n'));
    const vars = new Map([
      ['a', 'given'],
      ['b', 'too'],
    ]);
    const { narrative } = await checkNarrative({ file: 'x.toml', bytes, folder: '.' }, { vars });
    expect(Object.fromEntries(narrative?.vars ?? [])).toEqual({ a: 'given', b: 'too' });
  });

  it('is listed in `variables` together with the variables that texts use', async () => {
    const bytes = Buffer.from(renderTwoActs('{{vars.used}}', '[vars]\ndefined = "x"\n'));
    const vars = new Map([
      ['used', 'given'],
      ['unknown', 'given'],
    ]);
    const { variables } = await checkNarrative({ file: 'x.toml', bytes, folder: '.' }, { vars });
    expect([...(variables ?? [])]).toEqual(['used', 'defined']);
  });
});

describe('context', () => {
  const withContext = (context: string, header = '') =>
    `[narrative]\nname = "x"\n${header}[toc]\norder = ["a", "b", "c"]\n[acts]\na = "x"\nc = "z"\n[acts.b]\ncontext = ${context}\ninput = [{ type = "text", content = "y" }]\n`;

  it.each(['"full"', '"previous"', '"none"', '["a"]', '[]'])('accepts %s', async (context) => {
    expect(await collectProblems(withContext(context))).toEqual([]);
  });

  it.each([
    [
      '"ful"',
      '9:11 unknown-value: "context" in [acts.b] must be "full", "previous", "none" or an array of act names, not "ful" → full',
    ],
    [
      '3',
      '9:11 wrong-type: "context" in [acts.b] must be "full", "previous", "none" or an array of act names, not a number',
    ],
    ['["a", 3]', '9:17 wrong-type: element 2 of "context" in [acts.b] must be a string, not a number'],
    ['["aa"]', '9:12 unknown-act: "context" names the act "aa", which does not exist → a'],
    ['["a", "c"]', '9:17 not-played-yet: "context" names the act "c", which has not run before this act'],
    ['["b"]', '9:12 not-played-yet: "context" names the act "b", which has not run before this act'],
  ])('rejects %s', async (context, expected) => {
    expect(await collectProblems(withContext(context))).toEqual([expected]);
  });

  it('of the narrative may name any act of the file', async () => {
    expect(await collectProblems(withContext('"full"', 'context = ["b"]\n'))).toEqual([]);
    expect(await collectProblems(withContext('"full"', 'context = ["bb"]\n'))).toEqual([
      '3:12 unknown-act: "context" names the act "bb", which does not exist → b',
    ]);
  });
});

describe('carousel', () => {
  const collectCarouselProblems = (carousel: string) =>
    collectProblems(`${renderHead('a')}carousel = ${carousel}\n[acts]\na = "x"\n`);

  it('is a whole number of at least 1, and all its rounds together may have 100,000 acts', async () => {
    expect(await collectCarouselProblems('3')).toEqual([]);
    expect(await collectCarouselProblems('0')).toEqual([
      '5:12 out-of-range: "carousel" in [toc] must be at least 1, not 0',
    ]);
    expect(await collectCarouselProblems('1.5')).toEqual([
      '5:12 wrong-type: "carousel" in [toc] must be a whole number, not 1.5',
    ]);
    expect(await collectCarouselProblems('200_000')).toEqual([
      '5:12 too-many-acts: 200000 acts would run; the limit is 100000',
    ]);
  });
});

it('checks the references of ten thousand acts in linear time', async () => {
  const source = (acts: number) => {
    const names = Array.from({ length: acts }, (_, index) => `act_${index}`);
    const text = (index: number) => (index === 0 ? 'x' : `{{previous}} {{act_${index - 1}}} {{vars.x}} {{act_0}}`);
    return `${renderHead(...names)}[acts]\n${names.map((name, index) => `${name} = "${text(index)}"\n`).join('')}[vars]\nx = 1\n`;
  };
  const timeOf = async (acts: number) => {
    const startedAt = process.cpuUsage();
    expect(await collectProblems(source(acts))).toEqual([]);
    // CPU time, so that other processes do not count.
    return process.cpuUsage(startedAt).user / 1000;
  };
  // The first call is not measured, because the code is compiled during it.
  await timeOf(500);
  const timeOfFew = await timeOf(2500);
  // Four times the acts: quadratic growth would take sixteen times as long.
  expect(await timeOf(10_000)).toBeLessThan(12 * Math.max(20, timeOfFew));
});

it.each([
  ['an act', `${renderHead('a')}[acts]\na = ${'['.repeat(20_000)}${']'.repeat(20_000)}\n`],
  ['a variable', `${renderHead('a')}[acts]\na = "x"\n[vars]\nx = ${'['.repeat(20_000)}${']'.repeat(20_000)}\n`],
  ['a context', `${renderHead('a')}[acts.a]\ncontext = ${'['.repeat(20_000)}${']'.repeat(20_000)}\n`],
])('reports arrays that are nested twenty thousand deep in %s', async (_what, source) => {
  expect((await collectProblems(source))[0]).toMatch(/wrong-type|missing-key/);
});

it.each(['}}', 'a {b} c', '}}\n', 'narrative: a story', 'media. Then more'])('accepts %j as a text', async (text) => {
  expect(await collectProblems(`${renderHead('a')}[acts]\na = [${JSON.stringify(text)}]\n`)).toEqual([]);
});
