import { createRequire } from 'node:module';
import { familySync } from 'detect-libc';
import { afterEach, expect, test, vi } from 'vitest';
import { currentTarget } from '../../../src/build/stubs/libsql-platform.js';

vi.mock('detect-libc', async (importOriginal) => {
  const original = await importOriginal<typeof import('detect-libc')>();
  return { ...original, familySync: vi.fn(original.familySync) };
});

afterEach(() => vi.unstubAllGlobals());

const requireFromLibsql = createRequire(createRequire(import.meta.url).resolve('libsql'));

test('names the platform of this machine as the replaced package does', () => {
  const original: { currentTarget(): string } = requireFromLibsql('@neon-rs/load');
  expect(currentTarget()).toBe(original.currentTarget());
});

test('names every platform for which libsql has a native package', () => {
  const systems = [
    ['darwin', 'arm64', null],
    ['darwin', 'x64', null],
    ['linux', 'arm', 'glibc'],
    ['linux', 'arm', 'musl'],
    ['linux', 'arm64', 'glibc'],
    ['linux', 'arm64', 'musl'],
    ['linux', 'x64', 'glibc'],
    ['linux', 'x64', 'musl'],
    ['win32', 'x64', null],
  ] as const;
  const packages = systems.map(([platform, arch, library]) => {
    vi.stubGlobal('process', { platform, arch });
    vi.mocked(familySync).mockReturnValue(library);
    return `@libsql/${currentTarget()}`;
  });
  const { optionalDependencies } = requireFromLibsql('./package.json');
  expect(packages).toEqual(Object.keys(optionalDependencies).sort());
});
