import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { bin, boticelli, root } from '../helpers/boticelli.js';

const written = readFileSync(join(root, 'dist/help.txt'), 'utf8');

test.each(['--help', '-h'])('%s says the help that the build has written down', async (flag) => {
  expect(await boticelli([flag])).toMatchObject({ stdout: written, stderr: '', code: 0 });
});

test('it is the help of the program itself', () => {
  const program = `require(${JSON.stringify(join(root, 'dist/cli.cjs'))}).main(process)`;
  const said = spawnSync(process.execPath, ['-e', program, 'boticelli', '--help'], { encoding: 'utf8' });
  expect(said.stdout).toBe(written);
});

test('on a full disk it fails as the program does', () => {
  const { status, stderr } = spawnSync('sh', ['-c', `"${process.execPath}" "${bin}" --help > /dev/full`], {
    encoding: 'utf8',
  });
  expect(status).not.toBe(0);
  expect(stderr).not.toContain('    at ');
});
