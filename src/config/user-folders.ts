import { resolve } from 'node:path';
import { createVariableLookup, type Environment, readDotEnv, type VariableLookup } from './environment-variables.js';

/** The folders in which this program keeps a user's files. */
export interface UserFolders {
  /** The folder of the user's own `boticelli.toml`. */
  config?: string;
  /** The folder of `boticelli.db`. */
  state?: string;
}

/**
 * Finds the user's folders: `~/.config/boticelli` and `~/.local/share/boticelli`, or the equivalents on macOS, on
 * Windows, and with XDG variables. Returns an empty object if the user has no home folder, as in some containers.
 */
export async function findUserFolders(): Promise<UserFolders> {
  try {
    const { default: envPaths } = await import('env-paths');
    const { config, data } = envPaths('boticelli', { suffix: '' });
    return { config, state: data };
  } catch {
    return {};
  }
}

/**
 * Finds the folder of `boticelli.db` without reading other settings: `BOTICELLI_STATE_DIR`, or else the user's folder.
 * @returns an absolute path; undefined if the user has no home folder
 */
export async function findStateFolder(environment: Environment, workingFolder: string): Promise<string | undefined> {
  const [folders, dotEnv] = await Promise.all([findUserFolders(), readDotEnv(workingFolder)]);
  return resolveStateFolder(createVariableLookup(environment, dotEnv), workingFolder, folders);
}

/** Like `findStateFolder`, but uses variables and folders that are already known. */
export function resolveStateFolder(
  getVariable: VariableLookup,
  workingFolder: string,
  userFolders: UserFolders,
): string | undefined {
  const folder = getVariable('BOTICELLI_STATE_DIR')?.value;
  return folder === undefined ? userFolders.state : resolve(workingFolder, folder);
}
