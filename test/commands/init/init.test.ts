import { lstatSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createTemporaryFolder, runBoticelli } from '../../helpers/boticelli.js';
import { runInProcess } from '../../helpers/in-process.js';
import { runMain } from '../../helpers/run-main.js';

function setup(files: Record<string, string> = {}) {
  const cwd = createTemporaryFolder(onTestFinished, files);
  const call = (...args: string[]) => runInProcess(args, { cwd, env: {} });
  return { cwd, call, read: (name: string) => readFileSync(join(cwd, name), 'utf8') };
}

describe('init', () => {
  test.each([
    ['chain', ['toml']],
    ['json', ['toml']],
    ['vision', ['png', 'toml']],
    ['rows', ['csv', 'toml']],
  ])(
    'writes a narrative of the template %s that passes check --strict and a rehearsal',
    async (template, extensions) => {
      const { cwd, call } = setup();
      const { code, stdout, stderr } = await call('init', 'début', '--template', template);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(readdirSync(cwd).sort()).toEqual(extensions.map((extension) => `début.${extension}`));
      const [, rehearsal = ''] = /\n {2}boticelli (.*--rehearse.*)\n/.exec(stdout) ?? [];
      const args = rehearsal.split(' ');
      const eachArgs = args.includes('--each') ? args.slice(args.indexOf('--each')).slice(0, 2) : [];
      const checked = await call('check', 'début.toml', '--strict', ...eachArgs);
      expect(checked).toMatchObject({ code: 0, stderr: '', stdout: expect.stringMatching(/: ok, \d acts\n$/) });
      const rehearsed = await call(...args);
      expect(rehearsed).toMatchObject({ code: 0, stderr: expect.stringContaining('prompt of ') });
      expect(rehearsed.stdout.split('\n\n').every((reply) => reply.startsWith('[rehearsal] '))).toBe(true);
    },
  );

  test('names the narrative `narrative` by default, and removes .toml from a name', async () => {
    const { cwd, call, read } = setup();
    expect((await call('init')).stdout).toMatch(/^Wrote narrative\.toml\.\n.*\n {2}boticelli run narrative\.toml\n$/s);
    await call('init', 'post.toml');
    expect(readdirSync(cwd).sort()).toEqual(['narrative.toml', 'post.toml']);
    expect(read('post.toml')).toContain('name = "post"');
  });

  test('never replaces a file or a link: if the name of one file is taken, writes none of the files', async () => {
    const { cwd, call, read } = setup({ 'a.csv': 'mine' });
    symlinkSync(join(cwd, 'nowhere'), join(cwd, 'b.toml'));
    const error = { code: 2, stdout: '' };
    expect(await call('init', 'a', '--template', 'rows')).toMatchObject({
      ...{ ...error, stderr: expect.stringMatching(/^boticelli: a\.csv exists\n {2}Nothing was written\. /) },
    });
    expect(await call('init', 'b')).toMatchObject(error);
    expect(readdirSync(cwd).sort()).toEqual(['a.csv', 'b.toml']);
    expect(read('a.csv')).toBe('mine');
    expect(lstatSync(join(cwd, 'b.toml')).isSymbolicLink()).toBe(true);
  });

  test.each(['../x', 'a/b', '-', '.hidden', 'a b', 'a"b', '', 'x'.repeat(101)])('rejects the name %j', async (name) => {
    const { cwd, call } = setup();
    expect(await call('init', '--', name)).toMatchObject({ code: 2, stderr: expect.stringContaining('is not a name') });
    expect(readdirSync(cwd)).toEqual([]);
  });

  test.each(['boticelli', 'Boticelli.toml'])(
    'does not write a narrative in place of the settings file: %s',
    async (name) => {
      const { cwd, call } = setup();
      expect(await call('init', name)).toMatchObject({ code: 2, stderr: expect.stringContaining('the settings file') });
      expect(readdirSync(cwd)).toEqual([]);
    },
  );

  test('reports a folder in which no file can be created', async () => {
    const { cwd } = setup();
    writeFileSync(join(cwd, 'file'), '');
    const result = await runMain(['init'], { cwd: join(cwd, 'file'), env: {} });
    expect(result).toMatchObject({ code: 74, stderr: expect.stringContaining("can't write") });
  });
});

test('without arguments, prints the three commands to begin with, and exits with 2', async () => {
  const { code, stdout, stderr } = await runBoticelli([]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr.match(/^ {2}boticelli .*$/gm)).toHaveLength(3);
  const npx = await runBoticelli([], { env: { npm_command: 'exec' } });
  expect(npx.stderr).toContain('\n  npx boticelli init ');
});
