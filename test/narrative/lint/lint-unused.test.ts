import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { lintNarrative } from '../../../src/narrative/lint/lint-narrative.js';
import { checkNarrativeFile } from '../../../src/narrative/load-narrative.js';
import { createTemporaryFolder } from '../../helpers/boticelli.js';
import { formatDiagnostics, renderHead } from '../check-source.js';

/** What a friend says of the first of these files and of those that it plays. */
async function lintFiles(files: Record<string, string>): Promise<string[]> {
  const folder = createTemporaryFolder(onTestFinished, files);
  const { diagnostics } = await checkNarrativeFile(join(folder, Object.keys(files)[0] ?? ''), { lint: lintNarrative });
  return formatDiagnostics(diagnostics);
}

/** A narrative of one act that says this. Its variables begin in line 8. */
const renderNarrative = (text: string, vars: string) =>
  `${renderHead('a')}[acts]\na = ${JSON.stringify(text)}\n[vars]\n${vars}`;

it('is a variable that no text uses, an escaped one least of all', async () => {
  const source = renderNarrative(
    '{{ vars.used }} \\{{vars.escaped}} \\\\{{vars.behind}}',
    'used = 1\nescaped = 2\nbehind = 3\n',
  );
  expect(await lintFiles({ 'a.toml': source })).toEqual(['~ 9:1 unused-var: no text uses {{vars.escaped}}']);
});

it('is none that a system text or the name of a medium uses', async () => {
  const source = renderNarrative('x', 'who = "you"\nfile = "paper"\nact = 1\n')
    .replace('name = "story"', 'name = "story"\nsystem = "For {{vars.who}}"')
    .replace('a = "x"', 'a.system = "{{vars.act}}"\na.input = [{ type = "document", file = "{{vars.file}}.txt" }]');
  const folder = {
    'a.toml': source.replace('order = ["a"]', 'order = ["b", "a"]').replace('[acts]', '[acts]\nb = "x"'),
  };
  expect(await lintFiles({ ...folder, 'paper.txt': 'Words.' })).toEqual([]);
});

it('is none that a narrative within uses, however deep', async () => {
  const files = {
    'a.toml': renderNarrative('narrative:b', 'deep = 1\nunused = 2\n'),
    'b.toml': renderNarrative('narrative:c', ''),
    'c.toml': renderNarrative('{{vars.deep}}', 'deep = 0\n'),
  };
  expect(await lintFiles(files)).toEqual(['~ 9:1 unused-var: no text uses {{vars.unused}}']);
});

it('is not told of beside a name in braces that was misspelt', async () => {
  expect(await lintFiles({ 'a.toml': renderNarrative('{{vars.lnag}}', 'lang = "fr"\n') })).toEqual([
    expect.stringMatching(/^6:6 unknown-variable: .* → {{vars.lang}}$/),
  ]);
});

it('is every one where templates are off', async () => {
  const source = renderNarrative('{{vars.x}}', 'x = 1\n').replace(
    'name = "story"',
    'name = "story"\ntemplates = false',
  );
  expect(await lintFiles({ 'a.toml': source })).toEqual(['~ 9:1 unused-var: no text uses {{vars.x}}']);
});

it('is not looked for where a narrative within has an error: what that uses is not known', async () => {
  const [only, ...others] = await lintFiles({
    'a.toml': renderNarrative('narrative:b', 'x = 1\n'),
    'b.toml': 'broken = [',
  });
  expect(only).toMatch(/^\d+:\d+ syntax/);
  expect(others).toEqual([]);
});
