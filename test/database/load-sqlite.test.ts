import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { canaryKey, copyProgram, createTemporaryFolder, root, startProcess } from '../helpers/boticelli.js';

/** Copies the program to a folder, without its `node_modules`. */
function installProgram(): string {
  const folder = createTemporaryFolder(onTestFinished);
  copyProgram(folder);
  return folder;
}

function runPrompt(folder: string) {
  return startProcess(process.execPath, [join(folder, 'bin/boticelli.js'), 'run', '-'], {
    cwd: folder,
    input: '[narrative]\nname = "n"\n[toc]\norder = ["a"]\n[acts]\na = "x"\n',
    env: { GEMINI_API_KEY: canaryKey, GOOGLE_GEMINI_BASE_URL: 'http://127.0.0.1:9', BOTICELLI_STATE_DIR: folder },
  }).result;
}

test('a run without the native part of SQLite ends with 78 and says how to install it', async () => {
  const { code, stderr } = await runPrompt(installProgram());
  expect(stderr).toMatch(/^boticelli: SQLite can't be loaded: Cannot find module '@libsql\/[\w-]+'\n/m);
  expect(stderr).toContain('Install boticelli again on this machine, with its optional dependencies');
  expect(code).toBe(78);
});

test('a run with a native part that does not fit the system ends with 78 and says why', async () => {
  const folder = installProgram();
  const [, library = ''] = /Cannot find module '([^']+)'/.exec((await runPrompt(folder)).stderr) ?? [];
  const installed = join(folder, 'node_modules', library);
  mkdirSync(installed, { recursive: true });
  writeFileSync(join(installed, 'package.json'), '{"main":"index.node"}');
  writeFileSync(join(installed, 'index.node'), 'not a library');
  const { code, stderr } = await runPrompt(folder);
  expect(stderr).toContain("boticelli: SQLite can't be loaded: ");
  expect(stderr).toContain(`it needs ${library}.`);
  expect(code).toBe(78);
});

test('the native packages have the version of libsql, whose code is bundled', () => {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const libsql = JSON.parse(readFileSync(join(root, 'node_modules/libsql/package.json'), 'utf8'));
  expect(manifest.optionalDependencies).toEqual(libsql.optionalDependencies);
  expect(manifest.dependencies).toBeUndefined();
});
