import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { buildNarrative, createTemporaryFolder, runBoticelli } from '../../helpers/boticelli.js';
import { runInProcess } from '../../helpers/in-process.js';

const good = buildNarrative(2);
const bad = buildNarrative(1, 'temprature = 0.5');
const createFolder = () => createTemporaryFolder(onTestFinished, { 'good.toml': good, 'bad.toml': bad });

test('reports a valid narrative with its number of acts', async () => {
  const ended = await runInProcess(['check', 'good.toml'], { cwd: createFolder() });
  expect(ended).toMatchObject({ code: 0, stdout: 'good.toml: ok, 2 acts\n', stderr: '' });
});

test('shows each error at its location, with a suggestion', async () => {
  const ended = await runBoticelli(['check', 'bad.toml', 'good.toml'], { cwd: createFolder() });
  expect(ended).toMatchObject({ code: 65 });
  expect(ended.stdout).toBe(
    [
      'bad.toml:3:1: error[unknown-key]: unknown key "temprature" in [narrative]',
      '3 | temprature = 0.5',
      '  | ^^^^^^^^^^',
      '  did you mean "temperature"?',
      'good.toml: ok, 2 acts',
      '',
    ].join('\n'),
  );
  expect(ended.stderr).toBe('boticelli: 1 of 2 narratives has errors\n  Fix the errors above.\n');
});

test('--format json prints the same errors as data', async () => {
  const { code, stdout } = await runInProcess(['check', 'bad.toml', '--format', 'json'], { cwd: createFolder() });
  expect(code).toBe(65);
  expect(JSON.parse(stdout)).toEqual({
    files: [
      {
        file: 'bad.toml',
        valid: false,
        diagnostics: [
          {
            severity: 'error',
            rule: 'unknown-key',
            message: 'unknown key "temprature" in [narrative]',
            suggestion: 'temperature',
            line: 3,
            column: 1,
            length: 10,
          },
        ],
      },
    ],
  });
});

test('reads a narrative from standard input if the file is "-"', async () => {
  const ended = await runInProcess(['check', '-'], { input: bad });
  expect(ended.code).toBe(65);
  expect(ended.stdout).toContain('<stdin>:3:1: error[unknown-key]');
});

test('reports a missing file and an empty folder, checks the other files, and exits with 66, or with 65 if a checked file has errors', async () => {
  const cwd = createFolder();
  mkdirSync(join(cwd, 'a-folder'));
  const missing = await runInProcess(['check', 'missing.toml', 'a-folder', 'good.toml'], { cwd });
  expect(missing.code).toBe(66);
  expect(missing.stdout).toMatch(
    /^missing\.toml: error\[unreadable\].*\na-folder: error\[unreadable\].*\ngood\.toml: ok/,
  );
  const both = await runInProcess(['check', 'missing.toml', 'bad.toml'], { cwd });
  expect(both.code).toBe(65);
});

test('exits with 66 for a file without read permission', async () => {
  const cwd = createFolder();
  chmodSync(cwd, 0o755);
  chmodSync(join(cwd, 'good.toml'), 0);
  // Root can read every file, so root starts the program as another user.
  const asSomebodyElse = process.getuid?.() === 0 ? { uid: 65_534 } : {};
  const ended = await runBoticelli(['check', 'good.toml'], { cwd, ...asSomebodyElse });
  expect(ended.code).toBe(66);
  expect(ended.stdout).toMatch(/permission denied/);
});

test('exits with 66 for missing media, as run does', async () => {
  const toml = `${good}\nlook = ["media.logo"]\n[media.logo]\nfile = "logo.png"\n`.replace(
    '"act_2"]',
    '"act_2", "look"]',
  );
  const cwd = createTemporaryFolder(onTestFinished, { 'media.toml': toml });
  for (const command of ['check', 'run']) {
    const ended = await runInProcess([command, 'media.toml'], { cwd });
    expect(ended.code).toBe(66);
    expect(ended.stdout + ended.stderr).toContain('error[media-not-found]');
  }
});

test('--model replaces the model of every act, in warnings and in the estimate', async () => {
  const cwd = createTemporaryFolder(onTestFinished, {
    'n.toml': buildNarrative(2, 'model = "gemini-3.5-flash-lite"\nthinking = "minimal"\nmax_tokens = 1000'),
  });
  const withoutFlag = await runInProcess(['check', 'n.toml', '--strict'], { cwd });
  expect(withoutFlag).toMatchObject({ code: 0, stdout: 'n.toml: ok, 2 acts\n' });
  const args = ['check', 'n.toml', '--model', 'gemini-4-neon', '--estimate', '--format', 'json'];
  const { files } = JSON.parse((await runInProcess(args, { cwd })).stdout);
  expect(files[0].diagnostics).toMatchObject([
    {
      rule: 'unsupported-thinking',
      message: expect.stringContaining('gemini-4-neon, whose levels are "low", "medium", "high", "xhigh"'),
    },
  ]);
  const { models, costUsd, outputTokens } = files[0].estimate;
  expect(models).toMatchObject([{ model: 'gemini-4-neon' }]);
  // $15 per million tokens of the replies, and $3 per million tokens of the prompts.
  expect(outputTokens).toBe(2000);
  expect(costUsd).toBeCloseTo(0.03 + models[0].promptTokens * 3e-6, 9);
});

test('--estimate shows the price of the service tier that an act asks for, and the standard price', async () => {
  const cwd = createTemporaryFolder(onTestFinished, {
    'n.toml': buildNarrative(1, 'model = "gemini-4-neon"\nmax_tokens = 1000\nservice_tier = ["flex", "standard"]'),
  });
  const options = { cwd, env: {} };
  const { files } = JSON.parse(
    (await runBoticelli(['check', 'n.toml', '--estimate', '--format', 'json'], options)).stdout,
  );
  const { costUsd, standardCostUsd, serviceTiers } = files[0].estimate;
  expect(costUsd).toBeCloseTo(standardCostUsd / 2, 9);
  expect(serviceTiers).toEqual(['flex']);
  expect((await runInProcess(['check', 'n.toml', '--estimate'], options)).stdout).toContain(
    'about $0.0075 with service tier flex, $0.015 with standard, if billed',
  );
});

test('--estimate counts a long reply as several requests, each of which reads the earlier parts', async () => {
  const cwd = createTemporaryFolder(onTestFinished, {
    'n.toml': buildNarrative(1, 'model = "gemini-4-neon"\nmax_tokens = 70000'),
  });
  const { stdout } = await runInProcess(['check', 'n.toml', '--estimate', '--format', 'json'], { cwd });
  const { requests, promptTokens, outputTokens, costUsd, guessedReplies } = JSON.parse(stdout).files[0].estimate;
  // `guessedReplies` counts the replies without `max_tokens`, whose length is guessed.
  expect({ requests, outputTokens, guessedReplies }).toEqual({ requests: 3, outputTokens: 70_000, guessedReplies: 0 });
  // A request returns at most 32,768 tokens. The second prompt contains one such part, and the third prompt two.
  expect(promptTokens - 32_768 - 65_536).toBeLessThan(1000);
  expect(promptTokens).toBeGreaterThan(32_768 + 65_536);
  expect(costUsd).toBeCloseTo(promptTokens * 3e-6 + 70_000 * 15e-6, 9);
});
