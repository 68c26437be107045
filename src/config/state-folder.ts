import { resolve } from 'node:path';
import { readDotEnv } from './dot-env.js';
import type { SettingsOptions } from './settings.js';
import { userFolders } from './user-folders.js';
import { variablesOf } from './variables.js';

/**
 * Finds the folder of `boticelli.db` without reading any other setting: `BOTICELLI_STATE_DIR`, else the user's own.
 * @returns an absolute path; undefined for a user who has no home
 */
export async function stateFolderFrom({
  environment,
  workingFolder,
}: Pick<SettingsOptions, 'environment' | 'workingFolder'>): Promise<string | undefined> {
  const [folders, dotEnv] = await Promise.all([userFolders(), readDotEnv(workingFolder)]);
  return stateFolderIn({ variable: variablesOf(environment, dotEnv), workingFolder, userFolder: folders.state });
}

/** The same where variables are known already. */
export function stateFolderIn({
  variable,
  workingFolder,
  userFolder,
}: {
  variable: ReturnType<typeof variablesOf>;
  workingFolder: string;
  userFolder: string | undefined;
}): string | undefined {
  const directory = variable('BOTICELLI_STATE_DIR')?.value;
  return directory === undefined ? userFolder : resolve(workingFolder, directory);
}
