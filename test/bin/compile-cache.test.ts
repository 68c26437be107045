import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createTemporaryFolder, root } from '../helpers/boticelli.js';

/** A separate installation, whose program prints its first argument. */
function installation(program = "exports.main = ({ argv }) => console.log('first', argv[2]);\n") {
  const folder = createTemporaryFolder(onTestFinished);
  cpSync(join(root, 'bin'), join(folder, 'bin'), { recursive: true });
  symlinkSync(join(root, 'package.json'), join(folder, 'package.json'));
  mkdirSync(join(folder, 'dist'));
  const file = join(folder, 'dist/main.cjs');
  writeFileSync(file, program);
  return {
    file,
    dist: join(folder, 'dist'),
    caches: () => readdirSync(join(folder, 'dist')).filter((name) => name !== 'main.cjs'),
    start: (args: string[], uid?: number) =>
      spawnSync(process.execPath, [join(folder, 'bin/boticelli.js'), ...args], {
        encoding: 'utf8',
        ...(uid !== undefined && { uid }),
      }),
  };
}

test('the first start stores the code cache beside the program, and the next start uses it', () => {
  const { start, caches } = installation();
  expect(start(['check']).stdout).toBe('first check\n');
  expect(caches()).toHaveLength(1);
  expect(start(['check'])).toMatchObject({ stdout: 'first check\n', stderr: '', status: 0 });
  expect(caches()).toHaveLength(1);
});

test('a failed command stores no cache', () => {
  const { start, caches } = installation(
    "exports.main = ({ argv, exit }) => { console.log('first', argv[2]); exit(argv[3] === 'bad' ? 69 : 0); };\n",
  );
  expect(start(['run', 'bad']).status).toBe(69);
  expect(caches()).toEqual([]);
  expect(start(['run', 'good']).status).toBe(0);
  expect(caches()).toHaveLength(1);
});

test('a command adds its functions to the cache when it first succeeds', () => {
  const { start, caches, dist } = installation();
  const cachedCommands = () => readFileSync(join(dist, caches()[0] ?? ''), 'latin1').split('\n')[0];
  for (const args of [['models'], ['run', 'x.toml'], ['check'], ['check']]) start(args);
  expect(caches()).toHaveLength(1);
  expect(cachedCommands()).toBe('models run check');
});

test('a lazily loaded library is loaded once and has its own cache', () => {
  const { start, dist } = installation(
    "const load = () => require('./lazy/part.cjs');\nexports.main = () => console.log(load() === load(), load().name);\n",
  );
  mkdirSync(join(dist, 'lazy'));
  const part = join(dist, 'lazy/part.cjs');
  writeFileSync(part, "exports.name = 'part';\n");
  for (const _ of ['first', 'from the cache'])
    expect(start(['check'])).toMatchObject({ stdout: 'true part\n', stderr: '' });
  expect(readdirSync(join(dist, 'lazy')).filter((name) => name.endsWith('.cache'))).toHaveLength(1);
  writeFileSync(part, "exports.name = 'made';\n");
  expect(start(['check']).stdout).toBe('true made\n');
});

test('many lazily loaded libraries cause no warning from Node', () => {
  const { start, dist } = installation(
    "exports.main = () => { for (let at = 0; at < 12; at += 1) require('./lazy/part-' + at + '.cjs'); };\n",
  );
  mkdirSync(join(dist, 'lazy'));
  for (let at = 0; at < 12; at += 1) writeFileSync(join(dist, `lazy/part-${at}.cjs`), '');
  expect(start(['check'])).toMatchObject({ stderr: '', status: 0 });
  expect(readdirSync(join(dist, 'lazy')).filter((name) => name.endsWith('.cache'))).toHaveLength(12);
});

test('a rebuilt program never runs from the old cache, even if it has the same length', () => {
  const { start, file, caches } = installation();
  start(['check']);
  writeFileSync(file, readFileSync(file, 'utf8').replace('first', 'other'));
  expect(start(['check']).stdout).toBe('other check\n');
  expect(caches()).toHaveLength(1);
});

test('a damaged cache is replaced', () => {
  const { start, caches, dist } = installation();
  start(['check']);
  const [cache = ''] = caches();
  writeFileSync(join(dist, cache), 'damaged');
  expect(start(['check'])).toMatchObject({ stdout: 'first check\n', stderr: '', status: 0 });
  expect(readFileSync(join(dist, cache)).length).toBeGreaterThan(100);
});

test.runIf(process.getuid?.() === 0)('starts without a cache where the folder belongs to another user', () => {
  const { start, caches, dist } = installation();
  // The copied files have the modes of the clone, which other users may not read.
  execFileSync('chmod', ['-R', 'a+rX', join(dist, '..')]);
  expect(start(['check'], 65534)).toMatchObject({ stdout: 'first check\n', stderr: '', status: 0 });
  expect(caches()).toEqual([]);
});
