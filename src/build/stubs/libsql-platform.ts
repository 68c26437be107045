import { familySync, MUSL } from 'detect-libc';

/**
 * Replaces `@neon-rs/load` in libsql. To find the C library, the original asks Node for a whole diagnostic report, which
 * takes 7% of a run of one act (2026-11, Node 20.20). `detect-libc` reads only the start of the Node executable.
 *
 * @returns the platform, as in the names of libsql's native packages: `linux-x64-gnu`
 */
export function currentTarget(): string {
  const { platform, arch } = process;
  const system = `${platform}-${arch}`;
  if (platform === 'win32') return `${system}-msvc`;
  if (platform !== 'linux') return system;
  const library = familySync() === MUSL ? 'musl' : 'gnu';
  return arch === 'arm' ? `${system}-${library}eabihf` : `${system}-${library}`;
}

/** Never called: libsql calls it only if `LIBSQL_JS_DEV` is set. */
export function load(): never {
  throw new Error('LIBSQL_JS_DEV is not supported');
}
