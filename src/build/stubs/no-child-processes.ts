/**
 * Stands for `node:child_process` in the bundle (see `bundle:entry` in package.json). commander loads that at every start,
 * 4 ms, for subcommands that are programs of their own, of which we have none; detect-libc, for what it asks a program about
 * where Node's own file does not tell.
 */
export function spawn(): never {
  throw new Error('boticelli has no commands that are programs of their own');
}
