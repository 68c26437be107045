import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { builtInTiers } from '../../../src/facts/limits.js';
import { createTemporaryFolder, runBoticelli } from '../../helpers/boticelli.js';
import { collectCompletions, isInstalled, shells } from '../../helpers/shell-completions.js';
import { openTestDatabase } from '../../helpers/test-database.js';

const models = Object.keys(builtInTiers.free?.models ?? {});
/** What is offered where a narrative is expected: TOML files, and folders that may contain some. */
const narrativeArguments = ['a.toml', 'b c.toml', 'boticelli.toml', 'acts.toml', 'folder'];
const files = [...narrativeArguments, 'notes.txt'];

/** The typed line and its completions: exactly these words, or these among others. */
const cases: [string, string[] | { among: string[] }][] = [
  ['boticelli li', ['limits']],
  ['boticelli ', { among: ['run', 'check', 'limits', 'completion'] }],
  ['boticelli --v', ['--version']],
  ['boticelli run ', narrativeArguments],
  ['boticelli run --stream ', narrativeArguments],
  ['boticelli run --output json --stream ', narrativeArguments],
  ['boticelli check a.toml ', narrativeArguments],
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
  ['boticelli help _', []],
  ['boticelli init --template ', ['chain', 'json', 'vision', 'rows']],
  ['boticelli run acts.toml --only ', ['one', 'two.b', 'final']],
  ['boticelli run --resume acts.toml --from t', ['two.b']],
  ['boticelli run --tier ', ['free', 'tier_1', 'tier_2', 'tier_3', 'own']],
  ['boticelli runs show ', ['last', 'run-1', 'run-2']],
  ['boticelli runs compare run-1 run-', ['run-1', 'run-2']],
  ['boticelli runs --narrative ', ['post']],
];

/** Three of these five acts are offered. A shell would run or split the names of the other two. */
const fiveActs = `acts = { one = "x", "two.b" = "{{vars.unknown}}", "$(touch ran)" = "x", "a b" = "x", "final" = 'x' }`;

function createFolder() {
  const folder = createTemporaryFolder(onTestFinished, {
    ...{ 'a.toml': '', 'b c.toml': '', 'notes.txt': '', 'acts.toml': fiveActs },
    'boticelli.toml': '[providers.gemini.tiers.own]\nrpm = 1\n',
  });
  mkdirSync(join(folder, 'folder'));
  writeFileSync(join(folder, 'folder', 'inner.toml'), '');
  return folder;
}

/** Creates a state folder with two runs. */
async function createRunsState(): Promise<string> {
  const folder = createTemporaryFolder(onTestFinished);
  const database = await openTestDatabase(folder);
  for (const [index, narrative] of ['post', '$(touch ran)'].entries()) {
    const values = `('run-${index + 1}', '${narrative}', 1, ${index}, 1, '[]', '[]', 1, 0, '{}', 'completed')`;
    database.exec(`INSERT INTO runs (id, narrative, act_count, started_at, acts_ended, models_asked, models_served,
      attempts, wait_ms, usage, status) VALUES ${values}`);
  }
  database.close();
  return folder;
}

test('with neither a state folder nor a narrative file, completes only `last`, and creates no folder', async () => {
  const folder = join(createTemporaryFolder(onTestFinished), 'state');
  const options = { env: { BOTICELLI_STATE_DIR: folder } };
  expect((await runBoticelli(['__complete', 'narratives'], options)).stdout).toBe('');
  expect((await runBoticelli(['__complete', 'runs'], options)).stdout).toBe('last\tthe newest run\n');
  expect(await runBoticelli(['__complete', 'acts', '--', 'missing.toml'], options)).toMatchObject({
    code: 0,
    stdout: '',
  });
  expect(existsSync(folder)).toBe(false);
});

describe.each(shells)('%s', (shell) => {
  const lines = [...cases.map(([line]) => line), 'boticelli run folder/', 'boticelli run --output=js'];

  test('completes commands, flags, their values and files', async ({ skip }) => {
    // CI has bash; the other shells are tested if they are installed.
    const isRequired = shell === 'bash' && process.env.CI === 'true';
    if (!isRequired && !isInstalled(shell)) skip(`${shell} is not installed`);
    const { stdout, code } = await runBoticelli(['completion', shell]);
    expect(code).toBe(0);
    const folder = createFolder();
    const offered = collectCompletions({
      shell,
      script: stdout,
      lines,
      folder,
      stateFolder: await createRunsState(),
      scriptFolder: createTemporaryFolder(onTestFinished),
    });
    for (const [line, expected] of cases) {
      const words = [...new Set(offered.get(line))].sort();
      if ('among' in expected) expect(words, line).toEqual(expect.arrayContaining(expected.among));
      else expect(words, line).toEqual([...expected].sort());
    }
    expect(existsSync(join(folder, 'ran'))).toBe(false);
    const lastSegments = (line: string) => offered.get(line)?.map((word) => word.replace(/^.*[/=]/, ''));
    expect(lastSegments('boticelli run folder/')).toEqual(['inner.toml']);
    expect(lastSegments('boticelli run --output=js')).toEqual(['json']);
  });
});
