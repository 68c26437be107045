import type { BoticelliError } from '../errors.js';
import type { LimitValues } from '../facts/limits.js';
import type { QuotaBudget } from '../quota/limits.js';
import type { Environment } from './environment-variables.js';
import type { PriceList } from './price-list.js';
import type { LimitsLookup } from './tiers.js';
import type { UserFolders } from './user-folders.js';

/**
 * The settings of a command, after its flags have overridden them. Flags that correspond to no setting are not
 * included.
 */
export interface Settings {
  /** The API key. Absent if no key is set, which is allowed because `--rehearse` does not need one. */
  apiKey?: string;
  /** The service's base URL. Default: Google's. */
  baseUrl?: string;
  /** Returns the proxy for a URL, if it has one. The function is absent if the environment does not set a proxy. */
  resolveProxy?: (url: string) => string | undefined;
  /** The model for acts that do not specify one. */
  defaultModel: string;
  /** The name of the tier whose limits apply. */
  tier: string;
  /** Returns the limits of a model, before they are multiplied by `limitMultipliers` and without learned limits. */
  limitsFor: LimitsLookup;
  /** The models for which settings files define limits in this tier. */
  modelsWithConfiguredLimits: readonly string[];
  /** The share of each rate limit that may be used: the table `[budget]` of the settings files. */
  limitMultipliers: QuotaBudget;
  /** The period to which per-minute limits apply. It is a minute, unless the settings define another length. */
  windowMs: number;
  /** The models to try, in this order, when a model's quota is used up. */
  fallback: readonly string[];
  /**
   * Identifies the owner of the shared limits: the project's name, or else 16 hexadecimal digits of the key's hash, or
   * else `no-key`.
   */
  project: string;
  /** Where `project` comes from. */
  projectSource: 'settings' | 'key-hash' | 'none';
  /** The Redis server that shares quota between machines. Only its host is printed: the URL may have a password. */
  redisUrl?: string;
  /** Thrown by commands that would use Redis: an untrusted folder chose `redisUrl`, so nothing may connect to it. */
  redisTrustError?: BoticelliError;
  /** The folder of `boticelli.db`, as an absolute path. It may not exist yet. Absent if the user has no home folder. */
  stateFolder?: string;
  prices: PriceList;
  /** How long runs and replies are stored. `off` if they are not stored. Absent if the settings have no `keep`. */
  keepMs?: number | 'off';
  /** Whether the prompts of acts are stored with each run. Default: no. */
  keepsPrompts?: boolean;
}

/** The flags that override settings for one run. Limits given as flags apply to every model. */
export interface SettingsFlags extends LimitValues {
  tier?: string;
  /** `false` if `--no-fallback` was given. */
  fallback?: readonly string[] | false;
}

/** Where to look for settings. */
export interface SettingsOptions {
  environment: Environment;
  /** The folder of `boticelli.toml` and `.env`. Relative paths are resolved against it. */
  workingFolder: string;
  /** The file given with `--config`. It is read instead of `boticelli.toml` in the working folder. */
  configFile?: string;
  /** Default: the operating system's folders. */
  userFolders?: UserFolders;
  flags?: SettingsFlags;
  /** Receives warnings. Default: they are dropped. */
  warn?: (text: string) => void;
}
