import type Database from 'libsql';
import { BoticelliError } from '../errors.js';

/**
 * Loads libsql. Its code is part of the program, but its native part is a package for each platform, such as
 * `@libsql/linux-x64-gnu`, which npm installs as an optional dependency of boticelli.
 *
 * @returns the class of databases
 * @throws BoticelliError `invalid_config` if the package for this platform is missing or does not fit the system
 */
export async function loadSqlite(): Promise<typeof Database> {
  try {
    return (await import('libsql')).default;
  } catch (thrown) {
    const [reason = ''] = thrown instanceof Error ? thrown.message.split('\n') : [];
    const [library] = /@libsql[/\\][\w-]+/.exec(reason) ?? [];
    if (library === undefined) throw thrown;
    throw new BoticelliError('invalid_config', `SQLite can't be loaded: ${reason}`, {
      hint: `Install boticelli again on this machine, with its optional dependencies: it needs ${library.replace('\\', '/')}.`,
      cause: thrown,
    });
  }
}
