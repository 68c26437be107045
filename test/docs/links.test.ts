import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';
import { root } from '../helpers/boticelli.js';
import { documentationPages, readPage } from './markdown.js';

test.each(documentationPages)('every relative link of %s has a target', (name) => {
  const page = readPage(name);
  const broken = page.relativeLinks.filter((link) => {
    const [target = '', anchor] = link.split('#');
    const file = target === '' ? name : normalize(join(dirname(name), target));
    if (!existsSync(join(root, file))) return true;
    return anchor !== undefined && !readPage(file).anchors.includes(anchor);
  });
  expect(broken).toEqual([]);
});

test('the README links to every other page and to the licence', () => {
  const { relativeLinks } = readPage('README.md');
  const targets = relativeLinks.map((link) => link.split('#')[0]);
  expect(targets).toEqual(expect.arrayContaining([...documentationPages.slice(1), 'LICENSE']));
});

test('the README has at most 400 lines', () => {
  expect(readPage('README.md').text.split('\n').length).toBeLessThanOrEqual(401);
});
