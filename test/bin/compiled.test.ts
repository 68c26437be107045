import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { root, temporaryFolder } from '../helpers/boticelli.js';

/** An installation of its own, whose program says its first argument. */
function installation(program = "exports.main = ({ argv }) => console.log('first', argv[2]);\n") {
  const folder = temporaryFolder(onTestFinished);
  cpSync(join(root, 'bin'), join(folder, 'bin'), { recursive: true });
  symlinkSync(join(root, 'package.json'), join(folder, 'package.json'));
  mkdirSync(join(folder, 'dist'));
  const file = join(folder, 'dist/cli.cjs');
  writeFileSync(file, program);
  return {
    file,
    dist: join(folder, 'dist'),
    caches: () => readdirSync(join(folder, 'dist')).filter((name) => name !== 'cli.cjs'),
    start: (args: string[], uid?: number) =>
      spawnSync(process.execPath, [join(folder, 'bin/boticelli.js'), ...args], {
        encoding: 'utf8',
        ...(uid !== undefined && { uid }),
      }),
  };
}

test('the first start leaves what V8 compiled beside the program, and the next one uses it', () => {
  const { start, caches } = installation();
  expect(start(['check']).stdout).toBe('first check\n');
  expect(caches()).toHaveLength(1);
  expect(start(['check'])).toMatchObject({ stdout: 'first check\n', stderr: '', status: 0 });
  expect(caches()).toHaveLength(1);
});

test('a command that fails leaves no cache, for it may have called little of what the next one calls', () => {
  const { start, caches } = installation(
    "exports.main = ({ argv, exit }) => { console.log('first', argv[2]); exit(argv[3] === 'bad' ? 69 : 0); };\n",
  );
  expect(start(['run', 'bad']).status).toBe(69);
  expect(caches()).toEqual([]);
  expect(start(['run', 'good']).status).toBe(0);
  expect(caches()).toHaveLength(1);
});

test('a run and a check call what other commands do not, and leave caches of their own', () => {
  const { start, caches } = installation();
  for (const args of [['models'], ['run', 'x.toml'], ['check'], ['limits'], ['check']]) start(args);
  expect(caches().map((name) => name.split('.').at(-2))).toEqual(['check', 'run', 'start']);
});

test('what the program loads late is loaded once, and leaves a cache of its own beside it', () => {
  const { start, dist } = installation(
    "const load = () => require('./late/part.cjs');\nexports.main = () => console.log(load() === load(), load().name);\n",
  );
  mkdirSync(join(dist, 'late'));
  const part = join(dist, 'late/part.cjs');
  writeFileSync(part, "exports.name = 'part';\n");
  for (const _ of ['first', 'from the cache'])
    expect(start(['check'])).toMatchObject({ stdout: 'true part\n', stderr: '' });
  expect(readdirSync(join(dist, 'late')).filter((name) => name.endsWith('.late.cache'))).toHaveLength(1);
  writeFileSync(part, "exports.name = 'made';\n");
  expect(start(['check']).stdout).toBe('true made\n');
});

test('however much is loaded late, Node has nothing to warn of', () => {
  const { start, dist } = installation(
    "exports.main = () => { for (let at = 0; at < 12; at += 1) require('./late/part-' + at + '.cjs'); };\n",
  );
  mkdirSync(join(dist, 'late'));
  for (let at = 0; at < 12; at += 1) writeFileSync(join(dist, `late/part-${at}.cjs`), '');
  expect(start(['check'])).toMatchObject({ stderr: '', status: 0 });
  expect(readdirSync(join(dist, 'late')).filter((name) => name.endsWith('.cache'))).toHaveLength(12);
});

test('a program that was built anew is never run from the old cache, even if it is as long', () => {
  const { start, file, caches } = installation();
  start(['check']);
  writeFileSync(file, readFileSync(file, 'utf8').replace('first', 'other'));
  expect(start(['check']).stdout).toBe('other check\n');
  expect(caches()).toHaveLength(1);
});

test('a cache that is damaged is made anew', () => {
  const { start, caches, dist } = installation();
  start(['check']);
  const [cache = ''] = caches();
  writeFileSync(join(dist, cache), 'damaged');
  expect(start(['check'])).toMatchObject({ stdout: 'first check\n', stderr: '', status: 0 });
  expect(readFileSync(join(dist, cache)).length).toBeGreaterThan(100);
});

test.runIf(process.getuid?.() === 0)('where the folder belongs to somebody else it starts all the same', () => {
  const { start, caches, dist } = installation();
  for (const folder of [join(dist, '..'), dist]) chmodSync(folder, 0o755);
  expect(start(['check'], 65534)).toMatchObject({ stdout: 'first check\n', stderr: '', status: 0 });
  expect(caches()).toEqual([]);
});
