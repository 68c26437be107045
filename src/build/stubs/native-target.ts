import { familySync, MUSL } from 'detect-libc';

/**
 * Stands for `@neon-rs/load` in the bundle of libsql (`bundle:sqlite` in package.json): names the package that has libsql's
 * native part for this system. The original has Node write its whole report to learn of the C library, and libsql asks once
 * more: 7 of the 82 ms of a run of one act (measured 2026-11, Node 20.20). detect-libc reads the head of Node's own file.
 * @returns for example `linux-x64-gnu`, as the optional dependencies of libsql 0.5 are called
 */
export function currentTarget(): string {
  const { platform, arch } = process;
  const target = `${platform}-${arch}`;
  if (platform === 'win32') return `${target}-msvc`;
  if (platform !== 'linux') return target;
  const library = familySync() === MUSL ? 'musl' : 'gnu';
  return arch === 'arm' ? `${target}-${library}eabihf` : `${target}-${library}`;
}

/** libsql asks for this under LIBSQL_JS_DEV alone, in a checkout of its own. */
export function load(): undefined {
  return undefined;
}
