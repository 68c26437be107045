import { join } from 'node:path';
import { isWithinFolder } from '../util/folder-boundary.js';
import { createVariableLookup, type EnvironmentVariable, readDotEnv } from './environment-variables.js';
import { readSettingsFiles } from './read-settings-files.js';
import type { SettingsOptions } from './settings.js';
import type { Sources } from './sources.js';
import { readFolderTrust } from './trust/folder-trust.js';
import { findUserFolders, type UserFolders } from './user-folders.js';

/**
 * Reads the sources of the settings: environment, `.env` and settings files.
 *
 * @throws InvalidSettings for a settings file with errors
 * @throws BoticelliError `invalid_config` for a file that can't be read
 */
export async function readSources(
  options: Omit<SettingsOptions, 'flags'>,
): Promise<Sources & { folders: UserFolders }> {
  const { environment, workingFolder, configFile, warn = () => {} } = options;
  const [folders, dotEnv] = await Promise.all([options.userFolders ?? findUserFolders(), readDotEnv(workingFolder)]);
  const secrets = (['GEMINI_API_KEY', 'GOOGLE_API_KEY'] as const)
    .flatMap((name) => [environment[name], dotEnv.get(name)])
    .flatMap((key) => key?.trim() || []);
  const files = await readSettingsFiles({ workingFolder, configFile, userConfigFolder: folders.config, secrets, warn });
  return {
    getVariable: createVariableLookup(environment, dotEnv),
    ...{ files, secrets, folders },
    trust: readFolderTrust(workingFolder, files, folders),
    // `isWithinFolder` follows links, so it is false if the `.env` is a link to a file outside of the folder.
    isDotEnvLinkedOutside: dotEnv.size > 0 && !isWithinFolder(join(workingFolder, '.env'), workingFolder),
  };
}

/**
 * Finds the API key. Looks for GEMINI_API_KEY and then for GOOGLE_API_KEY, each first in the environment and then in
 * `.env`. Therefore GEMINI_API_KEY in a folder's `.env` overrides GOOGLE_API_KEY in the environment, which may be meant
 * for other services.
 */
export function findApiKey({ getVariable }: Pick<Sources, 'getVariable'>): EnvironmentVariable | undefined {
  return getVariable('GEMINI_API_KEY') ?? getVariable('GOOGLE_API_KEY');
}
