import type { LimitValues } from '../facts/limits.js';
import type { QuotaBudget } from '../quota/limits.js';
import { assertKnownTier, assertTrustedBaseUrl } from './assert-settings.js';
import { composeSettings, findApiKey } from './compose-settings.js';
import { readDotEnv } from './dot-env.js';
import { createVariableLookup } from './environment-variables.js';
import type { PriceList } from './price-list.js';
import { createProxyResolver } from './proxies.js';
import { readSettingsFiles } from './read-settings-files.js';
import { mergeSettings } from './sources.js';
import { resolveStateFolder } from './state-folder.js';
import { type LimitsLookup, listTierNames } from './tier-limits.js';
import { findUserFolders, type UserFolders } from './user-folders.js';

/** What holds for a run besides its own flags and its narrative. */
export interface Settings {
  /** Absent where there is none: `--rehearse` needs none. */
  apiKey?: string;
  /** Where the service is; absent where that is Google's own address. */
  baseUrl?: string;
  /** Which proxy a request goes through, if any; absent where the environment names none. */
  resolveProxy?: (url: string) => string | undefined;
  /** The model of acts that name none. */
  defaultModel: string;
  /** The name of the tier that the limits are of. */
  tier: string;
  /** The limits of a model before the budget's share is taken, and before anything was learned. */
  limitsFor: LimitsLookup;
  /** The models that settings files have limits for, in the tier. */
  limitedModels: readonly string[];
  budget: QuotaBudget;
  /** The length of the "minute" that the service counts by. */
  rateWindowMs: number;
  /** The models to turn to when a model's quota is used up, in this order. */
  fallback: readonly string[];
  /** Who shares limits: the project's name, else 16 hexadecimal digits of the key's hash, else `no-key`. */
  project: string;
  /** Which of these it is. */
  projectSource: 'named' | 'key-hash' | 'none';
  /** The Redis through which machines share their quota. It may have a password in it: only its host is ever shown. */
  redisUrl?: string;
  /** The folder of `boticelli.db`, an absolute path; absent for a user who has no home. It may not exist yet. */
  stateFolder?: string;
  /** What models cost. */
  prices: PriceList;
  /** How long prompts and replies are kept; `off` for not at all. Absent where nobody has said. */
  keepMs?: number | 'off';
}

/** The flags that are settings for one run. Limits are every model's. */
export interface SettingsFlags extends LimitValues {
  tier?: string;
  /** `false` is `--no-fallback`. */
  fallback?: readonly string[] | false;
}

/** Where settings are looked for. Nothing else of the process is read. */
export interface SettingsOptions {
  environment: Record<string, string | undefined>;
  /** The folder of `boticelli.toml` and `.env`; relative paths are relative to it. */
  workingFolder: string;
  /** What `--config` names, to be read instead of the working folder's `boticelli.toml`. */
  configFile?: string;
  /** By the system's custom unless told. */
  userFolders?: UserFolders;
  flags?: SettingsFlags;
}

/**
 * Finds the settings: flags beat the environment, that beats `.env`, that `boticelli.toml` (or the file named), that the
 * user's own `boticelli.toml`, and that the defaults. Files are merged key by key.
 *
 * Rejects with InvalidSettings for a settings file with faults, with `invalid_config` for another setting that can't be
 * or for a key that would go where it must not, and with `usage` for a flag. No message has the key in it.
 */
export async function resolveSettings({
  environment,
  workingFolder,
  configFile,
  flags = {},
  ...overrides
}: SettingsOptions): Promise<Settings> {
  const [folders, dotEnv] = await Promise.all([overrides.userFolders ?? findUserFolders(), readDotEnv(workingFolder)]);
  const secrets = (['GEMINI_API_KEY', 'GOOGLE_API_KEY'] as const)
    .flatMap((name) => [environment[name], dotEnv.get(name)])
    .flatMap((key) => key?.trim() || []);
  const files = await readSettingsFiles({ workingFolder, configFile, userConfigFolder: folders.config, secrets });
  const sources = { getVariable: createVariableLookup(environment, dotEnv), files, secrets };
  const fileSettings = mergeSettings(files);
  await assertKnownTier(sources, listTierNames(fileSettings.providers?.gemini?.tiers), flags.tier);
  await assertTrustedBaseUrl(sources, findApiKey(sources));
  const stateFolder = resolveStateFolder({
    getVariable: sources.getVariable,
    workingFolder,
    userFolder: folders.state,
  });
  const resolveProxy = await createProxyResolver(environment);
  return { ...composeSettings({ sources, fileSettings, flags, stateFolder }), ...(resolveProxy && { resolveProxy }) };
}
