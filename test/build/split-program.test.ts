import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { buildSplitProgram, type SplitProgram } from '../../src/build/split-program.js';
import { createTemporaryFolder, root } from '../helpers/boticelli.js';

/** Builds a program from sources by their paths. Returns a function that starts it, and its files in `dist/`. */
async function buildProgram(sources: Record<string, string>, parts: SplitProgram['parts']) {
  const folder = createTemporaryFolder(onTestFinished);
  cpSync(join(root, 'bin'), join(folder, 'bin'), { recursive: true });
  for (const [path, source] of Object.entries(sources)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), source);
  }
  const options = { format: 'cjs', platform: 'node', supported: { 'dynamic-import': false } } as const;
  await buildSplitProgram({ entry: 'src/main.ts', parts, folder }, options);
  // The program ignores its command. bin/compile-cache.js names the code cache after the command.
  const args = [join(folder, 'bin/boticelli.js'), 'any-command'];
  const start = () => spawnSync(process.execPath, args, { encoding: 'utf8' });
  const files = readdirSync(join(folder, 'dist'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.cjs'),
  );
  return {
    start,
    files: Object.fromEntries(files.sort().map((name) => [name, readFileSync(join(folder, 'dist', name), 'utf8')])),
  };
}

const sources = {
  'src/failure.ts': 'export class Failure extends Error {}\nexport const count = { value: 0 };\n',
  'src/main.ts': `
import { count, Failure } from './failure.js';
export async function main() {
  const { add } = await import('./add.js');
  add();
  try {
    (await import('./fail.js')).fail();
  } catch (thrown) {
    console.log(thrown instanceof Failure, count.value);
  }
}
`,
  'src/add.ts': `
import { increase } from './increase.js';
export const add = () => increase('add');
`,
  'src/fail.ts': `
import { Failure } from './failure.js';
import { onlyForFail } from './only-for-fail.js';
import { increase } from './increase.js';
export function fail() {
  increase('fail');
  throw new Failure(onlyForFail);
}
`,
  'src/increase.ts': `
import { count } from './failure.js';
export function increase(reason: string) {
  if (reason !== '') count.value += 1;
}
`,
  'src/only-for-fail.ts': "export const onlyForFail = 'failed';\n",
};

test('a class and a state that several files use exist once', async () => {
  const { start } = await buildProgram(sources, { add: ['src/add.ts'], fail: ['src/fail.ts'] });
  // The first start writes a code cache, and the second start uses it.
  expect(start(), 'without a code cache').toMatchObject({ stdout: 'true 2\n', stderr: '' });
  expect(start(), 'with a code cache').toMatchObject({ stdout: 'true 2\n', stderr: '' });
});

test('a module is in a part if only that part imports it, and in the main file if several parts do', async () => {
  const { files } = await buildProgram(sources, { add: ['src/add.ts'], fail: ['src/fail.ts'] });
  expect(Object.keys(files)).toEqual(['lazy/add.cjs', 'lazy/fail.cjs', 'main.cjs']);
  const filesWith = (text: string) => Object.keys(files).filter((name) => files[name]?.includes(text));
  expect(filesWith('onlyForFail =')).toEqual(['lazy/fail.cjs']);
  expect(filesWith('count.value += 1')).toEqual(['main.cjs']);
  // esbuild writes `class Failure extends Error` as `Failure = class extends Error`.
  expect(filesWith('class extends Error')).toEqual(['main.cjs']);
});

test('a part is loaded when it is first imported', async () => {
  const { start } = await buildProgram(
    {
      'src/main.ts':
        "export async function main() { console.log('main'); await import('./a.js'); await import('./a.js'); }\n",
      'src/a.ts': "console.log('a');\nexport const a = 1;\n",
    },
    { a: ['src/a.ts'] },
  );
  expect(start().stdout).toBe('main\na\n');
});

test('rejects a part that the main file imports statically, and names the import', async () => {
  const build = buildProgram(
    { 'src/main.ts': "import './a.js';\nexport function main() {}\n", 'src/a.ts': 'export const a = 1;\n' },
    { a: ['src/a.ts'] },
  );
  await expect(build).rejects.toThrow('src/main.ts must load src/a.ts with import(), because it is in the part a');
});
