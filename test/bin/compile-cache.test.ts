import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { escapeNonAscii } from '../../src/build/escape-non-ascii.js';
import { createTemporaryFolder, root } from '../helpers/boticelli.js';

/** Creates a separate installation. By default, its program prints `first` and the name of the command. */
function createInstallation(program = "exports.main = ({ argv }) => console.log('first', argv[2]);\n") {
  const folder = createTemporaryFolder(onTestFinished);
  cpSync(join(root, 'bin'), join(folder, 'bin'), { recursive: true });
  symlinkSync(join(root, 'package.json'), join(folder, 'package.json'));
  mkdirSync(join(folder, 'dist'));
  const file = join(folder, 'dist/main.cjs');
  writeFileSync(file, program);
  return {
    ...{ folder, file },
    dist: join(folder, 'dist'),
    caches: () => readdirSync(join(folder, 'dist')).filter((name) => name !== 'main.cjs'),
    start: (args: string[], uid?: number) =>
      spawnSync(process.execPath, [join(folder, 'bin/boticelli.js'), ...args], {
        encoding: 'utf8',
        ...(uid !== undefined && { uid }),
      }),
  };
}

test('the first start stores a code cache beside the program; the next start prints the same and stores no other', () => {
  const { start, caches } = createInstallation();
  expect(start(['check']).stdout).toBe('first check\n');
  expect(caches()).toHaveLength(1);
  expect(start(['check'])).toMatchObject({ stdout: 'first check\n', stderr: '', status: 0 });
  expect(caches()).toHaveLength(1);
});

test('a failed command stores no cache', () => {
  const { start, caches } = createInstallation(
    "exports.main = ({ argv, exit }) => { console.log('first', argv[2]); exit(argv[3] === 'bad' ? 69 : 0); };\n",
  );
  expect(start(['run', 'bad']).status).toBe(69);
  expect(caches()).toEqual([]);
  expect(start(['run', 'good']).status).toBe(0);
  expect(caches()).toHaveLength(1);
});

test('each command has its own cache', () => {
  const { start, caches } = createInstallation();
  for (const args of [['models'], ['run', 'x.toml'], ['check'], ['check'], ['../x'], ['--help'], []]) start(args);
  const commands = caches().map((name) => /\.(\w+)\.cache$/.exec(name)?.[1]);
  expect(commands.toSorted()).toEqual(['check', 'help', 'models', 'run', 'x']);
});

test('a lazily loaded library is loaded once and has its own cache, which is not used after the library has changed', () => {
  const { start, dist } = createInstallation(
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
  const { start, dist } = createInstallation(
    "exports.main = () => { for (let at = 0; at < 12; at += 1) require('./lazy/part-' + at + '.cjs'); };\n",
  );
  mkdirSync(join(dist, 'lazy'));
  for (let at = 0; at < 12; at += 1) writeFileSync(join(dist, `lazy/part-${at}.cjs`), '');
  expect(start(['check'])).toMatchObject({ stderr: '', status: 0 });
  expect(readdirSync(join(dist, 'lazy')).filter((name) => name.endsWith('.cache'))).toHaveLength(12);
});

test('a rebuilt program never runs from the old cache, even if it has the same length', () => {
  const { start, file, caches } = createInstallation();
  start(['check']);
  writeFileSync(file, readFileSync(file, 'utf8').replace('first', 'other'));
  expect(start(['check']).stdout).toBe('other check\n');
  expect(caches()).toHaveLength(1);
});

/**
 * Ways to damage a cache. A power cut leaves zeros at the end. A cache file has its data twice, so that a start can
 * notice damage: V8 would crash with most of these.
 */
const damages: Record<string, (bytes: Buffer) => void> = {
  'the second half is zero': (bytes) => bytes.fill(0, bytes.length >> 1),
  'a part in the middle is zero': (bytes) => bytes.fill(0, 300, 400),
  'one bit differs': (bytes) => bytes.writeUInt8(bytes.readUInt8(bytes.length - 40) ^ 4, bytes.length - 40),
  'it is text': (bytes) => bytes.fill('text'),
};

test('a damaged cache is not used, and is replaced', () => {
  const { start, caches, dist } = createInstallation();
  start(['check']);
  const cache = join(dist, caches()[0] ?? '');
  const v8Header = readFileSync(cache).subarray(0, 4);
  for (const [name, damage] of Object.entries(damages)) {
    const bytes = readFileSync(cache);
    damage(bytes);
    writeFileSync(cache, bytes);
    expect(isIntact(bytes, v8Header), name).toBe(false);
    expect(start(['check']), name).toMatchObject({ stdout: 'first check\n', stderr: '', status: 0 });
    expect(isIntact(readFileSync(cache), v8Header), name).toBe(true);
  }
});

/** Whether a cache consists of two equal halves that begin as V8 begins its data. */
function isIntact(cache: Buffer, v8Header: Buffer): boolean {
  const half = cache.subarray(0, cache.length / 2);
  return half.equals(cache.subarray(half.length)) && half.subarray(0, v8Header.length).equals(v8Header);
}

test.skipIf(process.platform === 'win32')('the cache has mode 0644, whatever the umask', () => {
  for (const umask of ['0000', '0077']) {
    const { folder, caches, dist } = createInstallation();
    execFileSync('sh', ['-c', `umask ${umask}; "$0" bin/boticelli.js check`, process.execPath], { cwd: folder });
    expect(statSync(join(dist, caches()[0] ?? '')).mode & 0o777).toBe(0o644);
  }
});

test.skipIf(process.platform === 'win32')('a cache that others can write is not used, and is replaced', () => {
  const { start, caches, dist } = createInstallation();
  start(['check']);
  const cache = join(dist, caches()[0] ?? '');
  for (const mode of [0o664, 0o646]) {
    const before = statSync(cache).ino;
    chmodSync(cache, mode);
    expect(start(['check'])).toMatchObject({ stdout: 'first check\n', stderr: '', status: 0 });
    expect(statSync(cache).mode & 0o777).toBe(0o644);
    expect(statSync(cache).ino).not.toBe(before);
  }
});

test.runIf(process.getuid?.() === 0)('a cache of another user is not used, and is replaced', () => {
  const { start, caches, dist } = createInstallation();
  start(['check']);
  const cache = join(dist, caches()[0] ?? '');
  chownSync(cache, 65534, 65534);
  expect(start(['check'])).toMatchObject({ stdout: 'first check\n', stderr: '', status: 0 });
  expect(statSync(cache).uid).toBe(0);
});

test.runIf(process.getuid?.() === 0)(
  'the program starts without a cache, and stores none, where the folder belongs to another user',
  () => {
    const { start, caches, dist } = createInstallation();
    // The copied files keep the modes of the clone, which may not let other users read them.
    execFileSync('chmod', ['-R', 'a+rX', join(dist, '..')]);
    expect(start(['check'], 65534)).toMatchObject({ stdout: 'first check\n', stderr: '', status: 0 });
    expect(caches()).toEqual([]);
  },
);

test('the program and its lazy files are ASCII, because they are read as Latin-1', () => {
  for (const folder of ['dist', 'dist/lazy']) {
    for (const name of readdirSync(join(root, folder)).filter((each) => each.endsWith('.cjs')))
      expect(/[^\0-\x7f].{0,20}/.exec(readFileSync(join(root, folder, name), 'utf8'))?.[0], name).toBeUndefined();
  }
});

test('escapeNonAscii escapes characters beyond ASCII, and rejects one after a backslash', () => {
  const code = "'“a”'.replace(/[“”😀]/gu, '')";
  expect(escapeNonAscii(code)).toMatch(/^[\0-\x7f]+$/);
  // biome-ignore lint/security/noGlobalEval: the escaped code must do the same.
  expect(eval(escapeNonAscii(code))).toBe('a');
  expect(() => escapeNonAscii('/\\“/')).toThrow('follows a backslash');
});
