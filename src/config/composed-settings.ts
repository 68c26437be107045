import { createHash } from 'node:crypto';
import { BoticelliError } from '../errors.js';
import { defaultModel, defaultTier } from '../facts.js';
import { isModelName, plainModelName } from '../narrative/model-name.js';
import type { Budget } from '../quota/limits.js';
import { quoted } from '../toml/toml.js';
import { isRedisAddress } from './address.js';
import { keepMsOf } from './duration.js';
import { priceListOf } from './price-list.js';
import { withoutSecrets } from './secrets.js';
import type { Settings, SettingsFlags } from './settings.js';
import type { WrittenSettings } from './settings-schema.js';
import type { Sources } from './sources.js';
import { limitsIn } from './tier-limits.js';
import type { Variable } from './variables.js';

/**
 * The key's variable. Names are looked up one by one, each in the environment and then in `.env`, as if all stood in
 * one place: so a folder's GEMINI_API_KEY beats a GOOGLE_API_KEY of the environment, which may be for other services.
 */
export function keyOf({ variable }: Pick<Sources, 'variable'>): Variable | undefined {
  return variable('GEMINI_API_KEY') ?? variable('GOOGLE_API_KEY');
}

/** Everything that settings are made of, judged already but for variables taken alone. */
export interface Found {
  sources: Sources;
  /** All settings files as one. */
  written: WrittenSettings;
  flags: SettingsFlags;
  stateFolder?: string | undefined;
}

/** Picks of each setting the value that beats the others. Throws `invalid_config` for a variable that can't be. */
export function composed({ sources, written, flags, stateFolder }: Found): Settings {
  const { variable } = sources;
  const { budget = {}, quota = {}, store = {}, providers: { gemini = {} } = {} } = written;
  const apiKey = keyOf(sources)?.value;
  const baseUrl = variable('GOOGLE_GEMINI_BASE_URL')?.value ?? gemini.base_url;
  const redisUrl = redisUrlOf(sources) ?? quota.redis_url;
  const keepMs = store.keep === undefined ? undefined : keepMsOf(store.keep);
  const tier = flags.tier ?? variable('GEMINI_TIER')?.value ?? gemini.default_tier ?? defaultTier;
  return {
    ...(apiKey !== undefined && { apiKey }),
    ...(baseUrl !== undefined && { baseUrl }),
    defaultModel: modelOf(sources) ?? plainModelName(gemini.default_model ?? defaultModel),
    tier,
    limitsFor: limitsIn(tier, gemini.tiers?.[tier], flags),
    limitedModels: Object.keys(gemini.tiers?.[tier]?.models ?? {}).map(plainModelName),
    budget: budgetOf(budget),
    rateWindowMs: Math.max(1, Math.round((gemini.rate_window_seconds ?? 60) * 1000)),
    fallback: flags.fallback === false ? [] : (flags.fallback ?? (gemini.fallback ?? []).map(plainModelName)),
    project: quota.project?.trim() ?? projectOf(apiKey),
    projectIs: quota.project !== undefined ? 'named' : apiKey === undefined ? 'none' : 'key-hash',
    prices: priceListOf({ written: gemini.prices }),
    ...(redisUrl !== undefined && { redisUrl }),
    ...(stateFolder !== undefined && { stateFolder }),
    ...(keepMs !== undefined && { keepMs }),
  };
}

function modelOf({ variable, secrets }: Sources): string | undefined {
  const model = variable('BOTICELLI_MODEL');
  if (!model) return undefined;
  if (isModelName(model.value)) return plainModelName(model.value);
  const shown = withoutSecrets(quoted(model.value), secrets);
  throw new BoticelliError('invalid_config', `${model.words} is no name of a model: ${shown}`, {
    hint: 'Give a name like gemini-flash-lite-latest.',
  });
}

function redisUrlOf({ variable }: Sources): string | undefined {
  const redis = variable('BOTICELLI_REDIS_URL');
  if (!redis || isRedisAddress(redis.value)) return redis?.value;
  // The address itself is not repeated: it may have a password in it.
  throw new BoticelliError('invalid_config', `${redis.words} is no address of a Redis server`, {
    hint: 'Give it as redis://host:port, or rediss:// for TLS.',
  });
}

function budgetOf(budget: NonNullable<WrittenSettings['budget']>): Budget {
  const { rpm_multiplier: rpm, tpm_multiplier: tpm, rpd_multiplier: rpd } = budget;
  return { ...(rpm !== undefined && { rpm }), ...(tpm !== undefined && { tpm }), ...(rpd !== undefined && { rpd }) };
}

/** Only a hash of the key is ever written down. */
function projectOf(apiKey: string | undefined): string {
  return apiKey === undefined ? 'no-key' : createHash('sha256').update(apiKey).digest('hex').slice(0, 16);
}
