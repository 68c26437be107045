import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { adviceOn } from '../../../src/narrative/lint/lint.js';
import { readNarrative } from '../../../src/narrative/load-narrative.js';
import { temporaryFolder } from '../../helpers/boticelli.js';
import { head, linesOf } from '../faults.js';

/** What a friend says of the first of these files and of those that it plays. */
async function adviceIn(files: Record<string, string>): Promise<string[]> {
  const folder = temporaryFolder(onTestFinished, files);
  const { diagnostics } = await readNarrative(join(folder, Object.keys(files)[0] ?? ''), { advice: adviceOn });
  return linesOf(diagnostics);
}

/** A narrative of one act that says this. Its variables begin in line 8. */
const saying = (text: string, vars: string) => `${head('a')}[acts]\na = ${JSON.stringify(text)}\n[vars]\n${vars}`;

it('is a variable that no text uses, an escaped one least of all', async () => {
  const source = saying(
    '{{ vars.used }} \\{{vars.escaped}} \\\\{{vars.behind}}',
    'used = 1\nescaped = 2\nbehind = 3\n',
  );
  expect(await adviceIn({ 'a.toml': source })).toEqual(['~ 9:1 unused-var: no text uses {{vars.escaped}}']);
});

it('is none that a system text or the name of a medium uses', async () => {
  const source = saying('x', 'who = "you"\nfile = "paper"\nact = 1\n')
    .replace('name = "story"', 'name = "story"\nsystem = "For {{vars.who}}"')
    .replace('a = "x"', 'a.system = "{{vars.act}}"\na.input = [{ type = "document", file = "{{vars.file}}.txt" }]');
  const folder = {
    'a.toml': source.replace('order = ["a"]', 'order = ["b", "a"]').replace('[acts]', '[acts]\nb = "x"'),
  };
  expect(await adviceIn({ ...folder, 'paper.txt': 'Words.' })).toEqual([]);
});

it('is none that a narrative within uses, however deep', async () => {
  const files = {
    'a.toml': saying('narrative:b', 'deep = 1\nunused = 2\n'),
    'b.toml': saying('narrative:c', ''),
    'c.toml': saying('{{vars.deep}}', 'deep = 0\n'),
  };
  expect(await adviceIn(files)).toEqual(['~ 9:1 unused-var: no text uses {{vars.unused}}']);
});

it('is not told of beside a name in braces that was misspelt', async () => {
  expect(await adviceIn({ 'a.toml': saying('{{vars.lnag}}', 'lang = "fr"\n') })).toEqual([
    expect.stringMatching(/^6:6 unknown-variable: .* → {{vars.lang}}$/),
  ]);
});

it('is every one where templates are off', async () => {
  const source = saying('{{vars.x}}', 'x = 1\n').replace('name = "story"', 'name = "story"\ntemplates = false');
  expect(await adviceIn({ 'a.toml': source })).toEqual(['~ 9:1 unused-var: no text uses {{vars.x}}']);
});

it('is not looked for where a narrative within has an error: what that uses is not known', async () => {
  const [only, ...others] = await adviceIn({ 'a.toml': saying('narrative:b', 'x = 1\n'), 'b.toml': 'broken = [' });
  expect(only).toMatch(/^\d+:\d+ syntax/);
  expect(others).toEqual([]);
});
