import { readSettingsFiles } from '../config/settings-files.js';
import { mergedSettings } from '../config/sources.js';
import { userFolders } from '../config/user-folders.js';
import { plainModelName } from '../narrative/model-name.js';
import type { Host } from './host.js';

/** What settings files name, beside what `Settings` says of it. */
export interface NamedInSettings {
  /** The models with limits of their own, in the tier. */
  models: string[];
  /** Whether they name the project; else it is the key's hash, if there is a key. */
  isProjectNamed: boolean;
}

/** Looks once more into the settings files, which were read without fault before. */
export async function namedInSettings(
  { config, tier }: { config?: string | undefined; tier: string },
  host: Host,
): Promise<NamedInSettings> {
  const { config: userConfigFolder } = await userFolders();
  const files = await readSettingsFiles({
    workingFolder: host.cwd(),
    configFile: config,
    userConfigFolder,
    secrets: [],
  });
  const { quota, providers } = mergedSettings(files);
  return {
    models: Object.keys(providers?.gemini?.tiers?.[tier]?.models ?? {}).map(plainModelName),
    isProjectNamed: quota?.project !== undefined,
  };
}
