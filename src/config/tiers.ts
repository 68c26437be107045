import { BoticelliError } from '../errors.js';
import { builtInTiers, type LimitValues, limitKinds } from '../facts/limits.js';
import { liveModelNamePattern } from '../facts/models.js';
import type { Limit, Limits } from '../quota/limits.js';
import { errorAt } from '../toml/problem.js';
import { describePath, quote } from '../toml/toml.js';
import { stripModelPrefix } from '../util/model-name.js';
import { redactSecrets } from './redact-secrets.js';
import type { FileTier } from './settings-schema.js';
import type { Sources } from './sources.js';

/** Lists the names of all tiers, both built-in tiers and tiers that settings define. */
export function listTierNames(configured: Readonly<Record<string, FileTier>> = {}): string[] {
  return [...new Set([...Object.keys(builtInTiers), ...Object.keys(configured)])];
}

/**
 * Checks that every chosen tier is known: the value of `--tier`, or else of GEMINI_TIER, and each `default_tier` in the
 * settings files.
 * @throws BoticelliError for an unknown tier: `usage` in `--tier`, `invalid_config` in GEMINI_TIER or `default_tier`
 */
export async function assertKnownTier(sources: Sources, known: string[], flag: string | undefined): Promise<void> {
  const names = known.join(', ');
  const redactName = (name: string) => redactSecrets(quote(name), sources.secrets);
  const hint = `Use one of ${names}, or define the tier as [providers.gemini.tiers.<name>] in boticelli.toml.`;
  if (flag !== undefined && !known.includes(flag)) {
    throw new BoticelliError('usage', `unknown tier ${redactName(flag)} in --tier`, { hint });
  }
  const variable = flag === undefined ? sources.getVariable('GEMINI_TIER') : undefined;
  if (variable && !known.includes(variable.value)) {
    const message = `unknown tier ${redactName(variable.value)} in ${variable.label}`;
    throw new BoticelliError('invalid_config', message, { hint });
  }
  const keyPath = ['providers', 'gemini', 'default_tier'];
  for (const file of sources.files) {
    const name = file.settings.providers?.gemini?.default_tier;
    if (name === undefined || known.includes(name)) continue;
    const message = `${describePath(keyPath)} must be one of ${names}, not ${quote(name)}`;
    throw await file.createError(
      errorAt('unknown-tier', keyPath, message, { suggestionQuery: { name, candidates: known } }),
    );
  }
}

/**
 * Returns a model's limits. `requestedAs` is the alias in the request, if any. Settings may limit either name; if they
 * limit both, the limits of the model apply.
 */
export type LimitsLookup = (model: string, requestedAs?: string) => Limits;

/**
 * Returns a lookup of limits. A tier in settings completely replaces the built-in tier of the same name, so an absent
 * limit is unlimited. In such a tier, a model's limits override the tier's limits one by one. A flag overrides
 * the limit of its kind for every model.
 */
export function createLimitsLookup(tier: string, configured: FileTier | undefined, flags: LimitValues): LimitsLookup {
  return (model, requestedAs) => {
    const values = configured
      ? findConfiguredLimits(configured, requestedAs === undefined ? [model] : [model, requestedAs])
      : findBuiltInLimits(tier, stripModelPrefix(model));
    return { ...toLimits(values, configured ? 'settings' : 'built-in'), ...toLimits(flags, 'flag') };
  };
}

function findConfiguredLimits({ models = {}, ...tierDefaults }: FileTier, names: readonly string[]): LimitValues {
  const byModel = new Map(Object.entries(models).map(([name, limits]) => [stripModelPrefix(name), limits]));
  const overrides = names.map((name) => byModel.get(stripModelPrefix(name))).find((limits) => limits !== undefined);
  const { max_concurrent: maxConcurrent, ...rates } = { ...tierDefaults, ...overrides };
  return { ...rates, maxConcurrent } as LimitValues;
}

function findBuiltInLimits(tier: string, model: string): LimitValues {
  const tierLimits = getOwnEntry(builtInTiers, tier);
  if (!tierLimits) return {};
  const liveDefaults = liveModelNamePattern.test(model) ? tierLimits.liveDefaults : undefined;
  return getOwnEntry(tierLimits.models, model) ?? liveDefaults ?? tierLimits.defaults;
}

/** Returns an entry, but no inherited property: a model may have any name, even `constructor`. */
function getOwnEntry<Entry>(record: Readonly<Record<string, Entry>>, name: string): Entry | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

function toLimits(values: LimitValues, source: Limit['source']): Limits {
  const result: Limits = {};
  for (const kind of limitKinds) {
    const value = values[kind];
    if (value !== undefined) result[kind] = { value, source };
  }
  return result;
}
