import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from '../helpers/boticelli.js';

const readText = (...path: string[]) => readFileSync(join(root, ...path), 'utf8');

test('the notices in dist/ name every bundled library with its version, and contain licences word for word', () => {
  const notices = readText('dist/THIRD-PARTY-NOTICES.txt');
  const lazyBundles = readdirSync(join(root, 'dist/lazy')).filter((file) => file.endsWith('.cjs'));
  const bundles = [readText('dist/main.cjs'), ...lazyBundles.map((file) => readText('dist/lazy', file))].join('\n');
  const libraries = new Set(
    [...bundles.matchAll(/"node_modules\/((?:@[^/"]+\/)?[^/"]+)\//g)].map(([, name]) => String(name)),
  );
  expect([...libraries]).toEqual(expect.arrayContaining(['commander', 'zod']));
  for (const name of libraries) {
    const { version } = JSON.parse(readText('node_modules', name, 'package.json'));
    expect(notices).toContain(`\n${name} ${version} (`);
  }
  // Word for word, as the terms require: an MIT, an Apache and a BSD licence.
  for (const name of ['commander', '@google/genai', 'diff']) {
    expect(notices).toContain(readText('node_modules', name, 'LICENSE').trim());
  }
});
