import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { lintNarrative } from '../../../src/narrative/lint/lint-narrative.js';
import { checkNarrativeFile } from '../../../src/narrative/load-narrative.js';
import { createTemporaryFolder } from '../../helpers/boticelli.js';
import { formatDiagnostics, renderHead } from '../check-source.js';

/** Returns the diagnostics of the first file and its nested files. */
async function lintFiles(files: Record<string, string>): Promise<string[]> {
  const folder = createTemporaryFolder(onTestFinished, files);
  const { diagnostics } = await checkNarrativeFile(join(folder, Object.keys(files)[0] ?? ''), { lint: lintNarrative });
  return formatDiagnostics(diagnostics);
}

/** Renders a narrative with one act. Its variables begin on line 8. */
const renderNarrative = (text: string, vars: string) =>
  `${renderHead('a')}[acts]\na = ${JSON.stringify(text)}\n[vars]\n${vars}`;

it('reports variables that no prompt uses: \\{{x}} does not use x, but \\\\{{x}} does', async () => {
  const source = renderNarrative(
    '{{ vars.used }} \\{{vars.escaped}} \\\\{{vars.after_backslash}}',
    'used = 1\nescaped = 2\nafter_backslash = 3\n',
  );
  expect(await lintFiles({ 'a.toml': source })).toEqual(['warning 9:1 unused-var: {{vars.escaped}} is never used']);
});

it('accepts variables in a system instruction or in the `file` of a media input', async () => {
  const source = renderNarrative('x', 'who = "you"\nfile = "paper"\nact = 1\n')
    .replace('name = "story"', 'name = "story"\nsystem = "For {{vars.who}}"')
    .replace('a = "x"', 'a.system = "{{vars.act}}"\na.input = [{ type = "document", file = "{{vars.file}}.txt" }]');
  // `a` has its own system instruction, so only `b` uses that of the narrative.
  const files = {
    'a.toml': source.replace('order = ["a"]', 'order = ["b", "a"]').replace('[acts]', '[acts]\nb = "x"'),
  };
  expect(await lintFiles({ ...files, 'paper.txt': 'Words.' })).toEqual([]);
});

it('accepts variables that a nested narrative uses, at any depth', async () => {
  const files = {
    'a.toml': renderNarrative('narrative:b', 'deep = 1\nunused = 2\n'),
    'b.toml': renderNarrative('narrative:c', ''),
    'c.toml': renderNarrative('{{vars.deep}}', 'deep = 0\n'),
  };
  expect(await lintFiles(files)).toEqual(['warning 9:1 unused-var: {{vars.unused}} is never used']);
});

it('does not report a variable as unused if its use is misspelt', async () => {
  expect(await lintFiles({ 'a.toml': renderNarrative('{{vars.lnag}}', 'lang = "fr"\n') })).toEqual([
    expect.stringMatching(/^6:6 unknown-variable: .* → {{vars.lang}}$/),
  ]);
});

it('reports all variables as unused if templates are off', async () => {
  const source = renderNarrative('{{vars.x}}', 'x = 1\n').replace(
    'name = "story"',
    'name = "story"\ntemplates = false',
  );
  expect(await lintFiles({ 'a.toml': source })).toEqual(['warning 9:1 unused-var: {{vars.x}} is never used']);
});

it('reports no unused variable if a nested narrative has an error, because any variable may be used there', async () => {
  const [only, ...others] = await lintFiles({
    'a.toml': renderNarrative('narrative:b', 'x = 1\n'),
    'b.toml': 'broken = [',
  });
  expect(only).toMatch(/^\d+:\d+ syntax/);
  expect(others).toEqual([]);
});
