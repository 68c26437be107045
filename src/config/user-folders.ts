import { resolve } from 'node:path';
import { createVariableLookup, readDotEnv } from './environment-variables.js';

/** The operating system's folders for a user's files of this program. */
export interface UserFolders {
  /** The folder of the user's own `boticelli.toml`. */
  config?: string;
  /** The folder of `boticelli.db`. */
  state?: string;
}

/**
 * Finds the user's folders: `~/.config/boticelli` and `~/.local/share/boticelli`, or what XDG variables, macOS and Windows
 * use instead. Empty if the user has no home folder, as in some containers.
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
 * Finds the folder of `boticelli.db` without reading any other setting: `BOTICELLI_STATE_DIR`, else the user's folder.
 * @returns an absolute path; undefined if the user has no home folder
 */
export async function findStateFolder({
  environment,
  workingFolder,
}: {
  environment: Record<string, string | undefined>;
  workingFolder: string;
}): Promise<string | undefined> {
  const [folders, dotEnv] = await Promise.all([findUserFolders(), readDotEnv(workingFolder)]);
  const getVariable = createVariableLookup(environment, dotEnv);
  return resolveStateFolder({ getVariable, workingFolder, userFolder: folders.state });
}

/** Like `findStateFolder`, from variables and folders that are already known. */
export function resolveStateFolder({
  getVariable,
  workingFolder,
  userFolder,
}: {
  getVariable: ReturnType<typeof createVariableLookup>;
  workingFolder: string;
  userFolder: string | undefined;
}): string | undefined {
  const configuredFolder = getVariable('BOTICELLI_STATE_DIR')?.value;
  return configuredFolder === undefined ? userFolder : resolve(workingFolder, configuredFolder);
}
