import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { currentTarget } from '../../../src/build/stubs/native-target.js';

const require = createRequire(import.meta.url);
const manifest = join(dirname(require.resolve('libsql')), 'package.json');
const { optionalDependencies } = JSON.parse(readFileSync(manifest, 'utf8'));

test("the native part's package is one that libsql brings, and the one that is installed here", () => {
  const name = `@libsql/${currentTarget()}`;
  expect(Object.keys(optionalDependencies)).toContain(name);
  expect(Object.keys(require(name))).toContain('databaseOpen');
});
