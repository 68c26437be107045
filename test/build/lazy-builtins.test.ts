import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { expect, onTestFinished, test } from 'vitest';
import { loadBuiltinsOnUse } from '../../src/build/lazy-builtins.js';
import { createTemporaryFolder } from '../helpers/boticelli.js';

/** Bundles a program and starts it. Returns the lines that it prints. */
async function buildAndStart(source: string): Promise<string[]> {
  const folder = createTemporaryFolder(onTestFinished);
  writeFileSync(join(folder, 'main.mjs'), source);
  const outfile = join(folder, 'bundle.cjs');
  const plugins = [loadBuiltinsOnUse(['child_process', 'crypto', 'fs/promises'])];
  await build({ entryPoints: [join(folder, 'main.mjs')], outfile, bundle: true, platform: 'node', plugins });
  const { stdout, stderr } = spawnSync(process.execPath, [outfile], { encoding: 'utf8' });
  expect(stderr).toBe('');
  return stdout.trim().split('\n');
}

/** The source of a function that says whether a builtin is loaded. */
const isLoaded = "const isLoaded = (name) => process.moduleLoadList.includes('NativeModule ' + name);";

test('a builtin is loaded when an export of it is first used', async () => {
  const lines = await buildAndStart(`
    import { createHash } from 'node:crypto';
    ${isLoaded}
    console.log(isLoaded('crypto'));
    console.log(createHash('sha256').update('').digest('hex').slice(0, 8));
    console.log(isLoaded('crypto'));
  `);
  expect(lines).toEqual(['false', 'e3b0c442', 'true']);
});

test('a namespace, a default import and require() have the exports of a builtin, even if its name lacks the prefix `node:`', async () => {
  const lines = await buildAndStart(`
    import * as promises from 'fs/promises';
    import childProcess from 'child_process';
    ${isLoaded}
    const crypto = require('crypto');
    console.log(isLoaded('child_process'), isLoaded('internal/crypto/hash'));
    console.log(promises.readFile === require('fs').promises.readFile);
    console.log(childProcess.execFileSync(process.execPath, ['-p', '1 + 1'], { encoding: 'utf8' }).trim());
    console.log(crypto.randomBytes(4).length, crypto.constants.RSA_PKCS1_PADDING);
  `);
  expect(lines).toEqual(['false false', 'true', '2', '4 1']);
});
