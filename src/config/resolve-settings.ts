import { createHash } from 'node:crypto';
import { BoticelliError } from '../errors.js';
import { defaultTier } from '../facts/limits.js';
import { defaultModel } from '../facts/models.js';
import type { QuotaBudget } from '../quota/limits.js';
import { quote } from '../toml/toml.js';
import { parseRetentionMs } from '../util/duration.js';
import { isValidModelName, stripModelPrefix } from '../util/model-name.js';
import { createPriceList } from './price-list.js';
import { createProxyResolver } from './proxies.js';
import { findApiKey, readSources } from './read-sources.js';
import { redactSecrets } from './redact-secrets.js';
import type { Settings, SettingsFlags, SettingsOptions } from './settings.js';
import type { FileSettings } from './settings-schema.js';
import { mergeSettings, type Sources } from './sources.js';
import { assertKnownTier, createLimitsLookup, listTierNames } from './tiers.js';
import { assertTrustedBaseUrl, findRedisTrustError, isRedisUrl } from './trust/service-urls.js';
import { resolveStateFolder } from './trust/state-folder.js';

/**
 * Resolves the settings. Precedence: flags, environment, `.env`, `boticelli.toml` in the working folder (or the file of
 * `--config`), the user's own `boticelli.toml`, defaults. Files are merged key by key. No message shows the API key.
 *
 * @throws InvalidSettings for a settings file with errors
 * @throws BoticelliError `invalid_config` for any other invalid setting, or if the key would be sent to an untrusted
 *   address; `usage` for an invalid flag
 */
export async function resolveSettings({ flags = {}, ...options }: SettingsOptions): Promise<Settings> {
  const { environment, workingFolder } = options;
  const sources = await readSources(options);
  const { getVariable, files, folders, trust } = sources;
  const fileSettings = mergeSettings(files);
  await assertKnownTier(sources, listTierNames(fileSettings.providers?.gemini?.tiers), flags.tier);
  const apiKey = findApiKey(sources);
  await assertTrustedBaseUrl(sources, apiKey);
  // Returned, not thrown: only commands that connect to Redis throw it.
  const redisTrustError = await findRedisTrustError(sources, apiKey);
  const stateFolder = await resolveStateFolder({ getVariable, folders, workingFolder }, () => trust);
  const resolveProxy = await createProxyResolver(environment);
  return {
    ...composeSettings({ sources, fileSettings, flags, stateFolder }),
    ...(redisTrustError && { redisTrustError }),
    ...(resolveProxy && { resolveProxy }),
  };
}

/** What the settings are composed from. The files have been checked, but some environment variables have not. */
interface SettingsInputs {
  sources: Sources;
  /** The merged settings files. */
  fileSettings: FileSettings;
  flags: SettingsFlags;
  stateFolder?: string | undefined;
}

/**
 * Picks the value with the highest precedence for each setting.
 * @throws BoticelliError `invalid_config` for an invalid variable
 */
function composeSettings({ sources, fileSettings, flags, stateFolder }: SettingsInputs): Settings {
  const { getVariable } = sources;
  const { budget = {}, quota = {}, store = {}, providers: { gemini = {} } = {} } = fileSettings;
  const apiKey = findApiKey(sources)?.value;
  const baseUrl = getVariable('GOOGLE_GEMINI_BASE_URL')?.value ?? gemini.base_url;
  const redisUrl = readRedisUrl(sources) ?? quota.redis_url;
  const keepMs = store.keep === undefined ? undefined : parseRetentionMs(store.keep);
  const tier = flags.tier ?? getVariable('GEMINI_TIER')?.value ?? gemini.default_tier ?? defaultTier;
  return {
    ...(apiKey !== undefined && { apiKey }),
    ...(baseUrl !== undefined && { baseUrl }),
    defaultModel: readDefaultModel(sources) ?? stripModelPrefix(gemini.default_model ?? defaultModel),
    tier,
    limitsFor: createLimitsLookup(tier, gemini.tiers?.[tier], flags),
    modelsWithConfiguredLimits: Object.keys(gemini.tiers?.[tier]?.models ?? {}).map(stripModelPrefix),
    limitMultipliers: toLimitMultipliers(budget),
    windowMs: Math.max(1, Math.round((gemini.rate_window_seconds ?? 60) * 1000)),
    fallback: flags.fallback === false ? [] : (flags.fallback ?? (gemini.fallback ?? []).map(stripModelPrefix)),
    project: quota.project?.trim() ?? deriveProject(apiKey),
    projectSource: quota.project !== undefined ? 'settings' : apiKey === undefined ? 'none' : 'key-hash',
    prices: createPriceList({ configured: gemini.prices }),
    ...(redisUrl !== undefined && { redisUrl }),
    ...(stateFolder !== undefined && { stateFolder }),
    ...(keepMs !== undefined && { keepMs }),
    ...(store.prompts !== undefined && { keepsPrompts: store.prompts }),
  };
}

function readDefaultModel({ getVariable, secrets }: Sources): string | undefined {
  const model = getVariable('BOTICELLI_MODEL');
  if (!model) return undefined;
  if (isValidModelName(model.value)) return stripModelPrefix(model.value);
  const redactedValue = redactSecrets(quote(model.value), secrets);
  throw new BoticelliError('invalid_config', `${model.label} is not a valid model name: ${redactedValue}`, {
    hint: 'Use a name such as gemini-flash-lite-latest.',
  });
}

function readRedisUrl({ getVariable }: Sources): string | undefined {
  const variable = getVariable('BOTICELLI_REDIS_URL');
  if (!variable || isRedisUrl(variable.value)) return variable?.value;
  // The URL is not shown, because it may contain a password.
  throw new BoticelliError('invalid_config', `${variable.label} is not a Redis URL`, {
    hint: 'Use redis://host:port, or rediss://host:port for TLS.',
  });
}

/** Converts `[budget]`, which sets the share of each rate limit that may be used, to the names in the limiter. */
function toLimitMultipliers(budget: NonNullable<FileSettings['budget']>): QuotaBudget {
  const { rpm_multiplier: rpm, tpm_multiplier: tpm, rpd_multiplier: rpd } = budget;
  return { ...(rpm !== undefined && { rpm }), ...(tpm !== undefined && { tpm }), ...(rpd !== undefined && { rpd }) };
}

/** Derives the project name from a hash of the key, because the key itself must never be stored. */
function deriveProject(apiKey: string | undefined): string {
  return apiKey === undefined ? 'no-key' : createHash('sha256').update(apiKey).digest('hex').slice(0, 16);
}
