import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { isSymbolicLink, isWithinFolder } from '../../src/util/folder-boundary.js';
import { createTemporaryFolder } from '../helpers/boticelli.js';

let root: string;
let folder: string;
beforeEach(() => {
  root = createTemporaryFolder(onTestFinished, { 'outside.txt': '' });
  folder = join(root, 'folder');
  mkdirSync(join(folder, 'sub'), { recursive: true });
  writeFileSync(join(folder, 'sub/file.txt'), '');
});

test.each(['.', 'sub', 'sub/file.txt', 'missing', 'missing/a/b', '..name', 'sub/../sub/file.txt'])(
  '%s is within the folder',
  (path) => expect(isWithinFolder(join(folder, path), folder)).toBe(true),
);

test.each(['..', '../outside.txt', '../missing', '../folder-2', '/', 'sub/../../outside.txt'])(
  '%s is not within the folder',
  (path) => expect(isWithinFolder(path === '/' ? path : join(folder, path), folder)).toBe(false),
);

test.each([
  ['a file outside', '../outside.txt', false],
  ['a file outside that does not exist', '../missing', false],
  ['an absolute path outside', '/nowhere/x', false],
  ['a file inside', 'sub/file.txt', true],
  ['a file inside that does not exist', 'sub/missing', true],
])('a link to %s counts as its target', (_name, target, expected) => {
  const link = join(folder, 'link');
  symlinkSync(target, link);
  expect([isWithinFolder(link, folder), isSymbolicLink(link)]).toEqual([expected, true]);
});

test('a link to itself counts as a file at its own path', () => {
  const link = join(folder, 'link');
  symlinkSync('link', link);
  expect([isWithinFolder(link, folder), isSymbolicLink(link)]).toEqual([true, true]);
});

test('a link in the middle of a path is resolved', () => {
  symlinkSync('..', join(folder, 'up'));
  expect(isWithinFolder(join(folder, 'up/missing.txt'), folder)).toBe(false);
  expect(isWithinFolder(join(folder, 'up/folder/sub'), folder)).toBe(true);
});

test('the folder itself may be reached through a link', () => {
  symlinkSync('folder', join(root, 'alias'));
  expect(isWithinFolder(join(folder, 'sub'), join(root, 'alias'))).toBe(true);
  expect(isWithinFolder(join(root, 'alias/sub'), folder)).toBe(true);
});
