import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { writeAtomically } from '../../src/util/write-files.js';
import { createTemporaryFolder } from '../helpers/boticelli.js';

test('replaces a file; the result has the given permissions, or else the default ones', () => {
  const folder = createTemporaryFolder(onTestFinished);
  const path = join(folder, 'file');
  const getMode = () => statSync(path).mode & 0o777;
  writeFileSync(path, 'old');
  const defaultMode = getMode();
  chmodSync(path, 0o600);
  writeAtomically(path, 'new', statSync(path).mode);
  expect([readFileSync(path, 'utf8'), getMode()]).toEqual(['new', 0o600]);
  writeAtomically(path, 'newer');
  expect([readFileSync(path, 'utf8'), getMode()]).toEqual(['newer', defaultMode]);
  expect(readdirSync(folder)).toEqual(['file']);
});

test('a write that fails leaves no temporary file behind', () => {
  const folder = createTemporaryFolder(onTestFinished);
  mkdirSync(join(folder, 'taken'));
  expect(() => writeAtomically(join(folder, 'taken'), 'text')).toThrow();
  expect(readdirSync(folder)).toEqual(['taken']);
});
