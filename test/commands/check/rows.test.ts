import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createTemporaryFolder } from '../../helpers/boticelli.js';
import { runInProcess } from '../../helpers/in-process.js';
import { mediaBytes } from '../../helpers/media-bytes.js';

function setup(files: Record<string, string>) {
  const cwd = createTemporaryFolder(onTestFinished, files);
  writeFileSync(join(cwd, 'a.png'), mediaBytes.png);
  const env = { HOME: cwd, BOTICELLI_STATE_DIR: join(cwd, 'state') };
  return async (...args: string[]) => {
    const names = args.map((arg) => (/\.(toml|csv|ndjson)$/.test(arg) ? join(cwd, arg) : arg));
    const { stdout, stderr, code } = await runInProcess(['check', ...names], { env, cwd });
    return { code, stdout: stdout.replaceAll(`${cwd}/`, ''), stderr: stderr.replaceAll(`${cwd}/`, '') };
  };
}

const narrative = `[narrative]\nname = "n"\n[toc]\norder = ["a"]\n[acts.a]\n[[acts.a.input]]\ntype = "image"
file = "{{row.file}}"\n[[acts.a.input]]\ntype = "text"\ncontent = "See {{row.text}}"\n`;

test('check --each reports missing columns, missing keys and missing files of rows', async () => {
  const check = setup({
    ...{ 'n.toml': narrative, 'good.csv': 'file,text\na.png,x\n', 'bad.csv': 'file,txt\na.png,x\n' },
    'rows.ndjson': '{"file":"a.png","text":"x"}\n{"file":"gone.png","text":"x"}\n{"file":"a.png"}\n',
  });
  expect(await check('n.toml')).toMatchObject({ code: 0 });
  expect(await check('n.toml', '--each', 'good.csv')).toMatchObject({ code: 0, stdout: 'n.toml: ok, 1 act\n' });
  const badFile = JSON.parse((await check('n.toml', '--each', 'bad.csv', '--format', 'json')).stdout).files[0];
  expect(badFile).toMatchObject({ valid: false, diagnostics: [{ rule: 'unknown-column', severity: 'error' }] });
  expect(badFile.diagnostics[0].message).toContain('Did you mean {{row.txt}}?');
  const rows = await check('n.toml', '--each', 'rows.ndjson');
  expect(rows.code).toBe(65);
  expect(rows.stdout).toMatch(/rows\.ndjson:2: the file "gone\.png" does not exist/);
  expect(rows.stdout).toMatch(/rows\.ndjson:3: \{\{row\.text\}\} has no value: the row has no key "text"/);
  const json = JSON.parse((await check('n.toml', '--each', 'rows.ndjson', '--format', 'json')).stdout);
  expect(json.files[0].diagnostics.map(({ rule }: { rule: string }) => rule)).toEqual(['media-not-found', 'row-error']);
});

test('--estimate adds up all rows, and assumes one row without --each', async () => {
  const check = setup({ 'n.toml': narrative, 'rows.csv': `file,text\n${'a.png,some words\n'.repeat(7)}` });
  const estimate = async (...args: string[]) =>
    JSON.parse((await check('n.toml', '--estimate', '--format', 'json', ...args)).stdout).files[0].estimate;
  expect(await estimate('--each', 'rows.csv')).toMatchObject({ requests: 7, models: [{ requests: 7 }] });
  expect(await estimate()).toMatchObject({ requests: 1 });
  const url = narrative.replace('file = "{{row.file}}"', 'url = "{{row.url}}"');
  expect(JSON.parse((await setup({ 'n.toml': url })('n.toml', '--estimate', '--format', 'json')).stdout)).toMatchObject(
    {
      files: [{ estimate: { requests: 1 } }],
    },
  );
});

test('check --each reads the files of a pattern', async () => {
  const prompt = '[narrative]\nname = "n"\n[acts.a]\nprompt = "{{row.text}}"\n';
  const check = setup({ 'n.toml': prompt, 'a.txt': 'x', 'b.txt': 'y' });
  expect(await check('n.toml', '--each', '*.txt')).toMatchObject({ code: 0, stdout: 'n.toml: ok, 1 act\n' });
});

test('check --each names the cause if a file of a pattern has no text', async () => {
  const prompt = '[narrative]\nname = "n"\n[acts.a]\nprompt = "{{row.text}}"\n';
  const check = setup({ 'n.toml': prompt, 'a.txt': 'x', 'b.txt': '\0', 'c.txt': 'x'.repeat(32_000_001) });
  const { code, stdout, stderr } = await check('n.toml', '--each', '*.txt');
  expect(code, stderr).toBe(65);
  expect(stdout).toContain('{{row.text}} has no value: "b.txt" is not a text file');
  expect(stdout).toContain('{{row.text}} has no value: "c.txt" is larger than 32 MB');
  expect(stdout).not.toContain('a.txt');
});
