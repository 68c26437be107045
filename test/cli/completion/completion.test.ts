import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { builtInTiers } from '../../../src/facts/limits.js';
import { createTemporaryFolder, runBoticelli } from '../../helpers/boticelli.js';
import { collectCompletions, isInstalled, shells } from '../../helpers/shell-completions.js';

const models = Object.keys(builtInTiers.free?.models ?? {});
const narratives = ['a.toml', 'b c.toml', 'folder'];
const files = [...narratives, 'notes.txt'];

/** The typed line and its completions: exactly these words, or these among others. */
const cases: [string, string[] | { among: string[] }][] = [
  ['boticelli li', ['limits']],
  ['boticelli ', { among: ['run', 'check', 'limits', 'completion'] }],
  ['boticelli --v', ['--version']],
  ['boticelli run ', narratives],
  ['boticelli run --stream ', narratives],
  ['boticelli run --output json --stream ', narratives],
  ['boticelli check a.toml ', narratives],
  ['boticelli run --str', ['--stream', '--strict']],
  ['boticelli run a.toml --out', ['--output', '--out-dir']],
  ['boticelli run --no-', ['--no-rate-limit', '--no-fallback']],
  ['boticelli run --output ', ['text', 'json', 'ndjson']],
  ['boticelli run -o nd', ['ndjson']],
  ['boticelli check --format ', ['text', 'json']],
  ['boticelli run -m ', { among: models }],
  ['boticelli run --fallback gemini-3.8-l', ['gemini-3.8-live', 'gemini-3.8-live-extended-thinking']],
  ['boticelli run --config ', files],
  ['boticelli run --out-dir ', ['folder']],
  ['boticelli run --temperature ', []],
  ['boticelli limits ', ['probe']],
  ['boticelli limits --for', ['--format', '--forget']],
  ['boticelli limits probe --spac', ['--spacing']],
  ['boticelli limits probe --format ', ['text', 'json']],
  ['boticelli limits --format json ', ['probe']],
  ['boticelli completion ', ['bash', 'zsh', 'fish']],
  ['boticelli help l', ['limits']],
];

function fixture() {
  const folder = createTemporaryFolder(onTestFinished, { 'a.toml': '', 'b c.toml': '', 'notes.txt': '' });
  mkdirSync(join(folder, 'folder'));
  writeFileSync(join(folder, 'folder', 'inner.toml'), '');
  return folder;
}

describe.each(shells)('%s', (shell) => {
  const lines = [...cases.map(([line]) => line), 'boticelli run folder/', 'boticelli run --output=js'];

  test('completes commands, flags, their values and files', async ({ skip }) => {
    // CI has bash; the other shells are tested if they are installed.
    const must = shell === 'bash' && process.env.CI === 'true';
    if (!must && !isInstalled(shell)) skip(`${shell} is not installed`);
    const { stdout, code } = await runBoticelli(['completion', shell]);
    expect(code).toBe(0);
    const offered = collectCompletions({
      shell,
      script: stdout,
      lines,
      folder: fixture(),
      harnessFolder: createTemporaryFolder(onTestFinished),
    });
    for (const [line, expected] of cases) {
      const words = [...new Set(offered.get(line))].sort();
      if ('among' in expected) expect(words, line).toEqual(expect.arrayContaining(expected.among));
      else expect(words, line).toEqual([...expected].sort());
    }
    const last = (line: string) => offered.get(line)?.map((word) => word.replace(/^.*[/=]/, ''));
    expect(last('boticelli run folder/')).toEqual(['inner.toml']);
    expect(last('boticelli run --output=js')).toEqual(['json']);
  });
});
