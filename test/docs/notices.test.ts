import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from '../helpers/boticelli.js';

const textOf = (...path: string[]) => readFileSync(join(root, ...path), 'utf8');

test('the licences of the libraries that the bundles hold lie beside them', () => {
  const notices = textOf('dist/THIRD-PARTY-NOTICES.txt');
  const late = readdirSync(join(root, 'dist/late')).filter((file) => file.endsWith('.cjs'));
  const bundles = [textOf('dist/cli.cjs'), ...late.map((file) => textOf('dist/late', file))].join('\n');
  const libraries = new Set(
    [...bundles.matchAll(/"node_modules\/((?:@[^/"]+\/)?[^/"]+)\//g)].map(([, name]) => String(name)),
  );
  expect([...libraries]).toEqual(expect.arrayContaining(['commander', 'zod']));
  for (const name of libraries) {
    const { version } = JSON.parse(textOf('node_modules', name, 'package.json'));
    expect(notices).toContain(`\n${name} ${version} (`);
  }
  // Word for word, as their terms ask: of one with the MIT licence, one with Apache's and one with BSD's.
  for (const name of ['commander', '@google/genai', 'diff']) {
    expect(notices).toContain(textOf('node_modules', name, 'LICENSE').trim());
  }
});
