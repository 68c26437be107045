import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { bin } from '../helpers/boticelli.js';

test('--help fails without a stack trace when the disk is full', () => {
  const { status, stderr } = spawnSync('sh', ['-c', `"${process.execPath}" "${bin}" --help > /dev/full`], {
    encoding: 'utf8',
  });
  expect(status).not.toBe(0);
  expect(stderr).not.toContain('    at ');
});
