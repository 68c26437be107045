import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from '../helpers/boticelli.js';
import { readPage } from './markdown.js';

test.each(['README.md', 'GEMINI.md', 'CHANGELOG.md'])('every relative link of %s leads somewhere', (name) => {
  const page = readPage(name);
  const broken = page.relativeLinks.filter((link) => {
    const [file = '', anchor] = link.split('#');
    if (file !== '' && !existsSync(join(root, file))) return true;
    return anchor !== undefined && !(file === '' ? page : readPage(file)).anchors.includes(anchor);
  });
  expect(broken).toEqual([]);
});

test('the README leads to everything that a newcomer needs', () => {
  const { relativeLinks } = readPage('README.md');
  for (const file of ['GEMINI.md', 'CHANGELOG.md', 'LICENSE', 'narratives/quick_test.toml']) {
    expect(relativeLinks).toContain(file);
  }
});
