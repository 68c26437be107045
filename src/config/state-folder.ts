import { resolve } from 'node:path';
import { readDotEnv } from './dot-env.js';
import { createVariableLookup } from './environment-variables.js';
import type { SettingsOptions } from './settings.js';
import { findUserFolders } from './user-folders.js';

/**
 * Finds the folder of `boticelli.db` without reading any other setting: `BOTICELLI_STATE_DIR`, else the user's own.
 * @returns an absolute path; undefined for a user who has no home
 */
export async function findStateFolder({
  environment,
  workingFolder,
}: Pick<SettingsOptions, 'environment' | 'workingFolder'>): Promise<string | undefined> {
  const [folders, dotEnv] = await Promise.all([findUserFolders(), readDotEnv(workingFolder)]);
  return resolveStateFolder({
    getVariable: createVariableLookup(environment, dotEnv),
    workingFolder,
    userFolder: folders.state,
  });
}

/** The same where variables are known already. */
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
