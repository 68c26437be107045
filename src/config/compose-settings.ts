import { createHash } from 'node:crypto';
import { BoticelliError } from '../errors.js';
import { defaultTier } from '../facts/limits.js';
import { defaultModel } from '../facts/models.js';
import { isValidModelName, stripModelPrefix } from '../narrative/model-name.js';
import type { QuotaBudget } from '../quota/limits.js';
import { quote } from '../toml/toml.js';
import { parseRetentionMs } from './duration.js';
import type { EnvironmentVariable } from './environment-variables.js';
import { createPriceList } from './price-list.js';
import { redactSecrets } from './redact-secrets.js';
import { isRedisUrl } from './service-urls.js';
import type { Settings, SettingsFlags } from './settings.js';
import type { FileSettings } from './settings-schema.js';
import type { Sources } from './sources.js';
import { createLimitsLookup } from './tier-limits.js';

/**
 * The key's variable. Names are looked up one by one, each in the environment and then in `.env`, as if all stood in
 * one place: so a folder's GEMINI_API_KEY beats a GOOGLE_API_KEY of the environment, which may be for other services.
 */
export function findApiKey({ getVariable }: Pick<Sources, 'getVariable'>): EnvironmentVariable | undefined {
  return getVariable('GEMINI_API_KEY') ?? getVariable('GOOGLE_API_KEY');
}

/** Everything that settings are made of, judged already but for variables taken alone. */
export interface SettingsInputs {
  sources: Sources;
  /** All settings files as one. */
  fileSettings: FileSettings;
  flags: SettingsFlags;
  stateFolder?: string | undefined;
}

/** Picks of each setting the value that beats the others. Throws `invalid_config` for a variable that can't be. */
export function composeSettings({ sources, fileSettings, flags, stateFolder }: SettingsInputs): Settings {
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
    limitedModels: Object.keys(gemini.tiers?.[tier]?.models ?? {}).map(stripModelPrefix),
    budget: parseBudget(budget),
    rateWindowMs: Math.max(1, Math.round((gemini.rate_window_seconds ?? 60) * 1000)),
    fallback: flags.fallback === false ? [] : (flags.fallback ?? (gemini.fallback ?? []).map(stripModelPrefix)),
    project: quota.project?.trim() ?? deriveProject(apiKey),
    projectSource: quota.project !== undefined ? 'named' : apiKey === undefined ? 'none' : 'key-hash',
    prices: createPriceList({ configured: gemini.prices }),
    ...(redisUrl !== undefined && { redisUrl }),
    ...(stateFolder !== undefined && { stateFolder }),
    ...(keepMs !== undefined && { keepMs }),
  };
}

function readDefaultModel({ getVariable, secrets }: Sources): string | undefined {
  const model = getVariable('BOTICELLI_MODEL');
  if (!model) return undefined;
  if (isValidModelName(model.value)) return stripModelPrefix(model.value);
  const redactedValue = redactSecrets(quote(model.value), secrets);
  throw new BoticelliError('invalid_config', `${model.label} is no name of a model: ${redactedValue}`, {
    hint: 'Give a name like gemini-flash-lite-latest.',
  });
}

function readRedisUrl({ getVariable }: Sources): string | undefined {
  const redisVariable = getVariable('BOTICELLI_REDIS_URL');
  if (!redisVariable || isRedisUrl(redisVariable.value)) return redisVariable?.value;
  // The address itself is not repeated: it may have a password in it.
  throw new BoticelliError('invalid_config', `${redisVariable.label} is no address of a Redis server`, {
    hint: 'Give it as redis://host:port, or rediss:// for TLS.',
  });
}

function parseBudget(budget: NonNullable<FileSettings['budget']>): QuotaBudget {
  const { rpm_multiplier: rpm, tpm_multiplier: tpm, rpd_multiplier: rpd } = budget;
  return { ...(rpm !== undefined && { rpm }), ...(tpm !== undefined && { tpm }), ...(rpd !== undefined && { rpd }) };
}

/** Only a hash of the key is ever written down. */
function deriveProject(apiKey: string | undefined): string {
  return apiKey === undefined ? 'no-key' : createHash('sha256').update(apiKey).digest('hex').slice(0, 16);
}
