import { builtInTiers, type LimitValues, limitKinds } from '../facts/limits.js';
import { liveModelNamePattern } from '../facts/models.js';
import { stripModelPrefix } from '../narrative/model-name.js';
import type { Limit, Limits } from '../quota/limits.js';
import type { FileTier } from './settings-schema.js';

type FileTiers = Readonly<Record<string, FileTier>>;

/** The names of all tiers: those that settings define and those that are built in. */
export function listTierNames(configured: FileTiers = {}): string[] {
  return [...new Set([...Object.keys(builtInTiers), ...Object.keys(configured)])];
}

/**
 * The limits that a tier gives a model. `requestedAs` is the alias that it was asked by, if it was: settings may know
 * the model by that.
 */
export type LimitsLookup = (model: string, requestedAs?: string) => Limits;

/**
 * The limits of a tier. One that settings write replaces the built-in one of that name as a whole: what is absent in it
 * is unlimited, and its models have its own limits where they have none for themselves. Flags beat both.
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
  const limitsByModel = new Map(
    Object.entries(models).map(([name, modelLimits]) => [stripModelPrefix(name), modelLimits]),
  );
  const modelOverrides = names
    .map((name) => limitsByModel.get(stripModelPrefix(name)))
    .find((modelLimits) => modelLimits !== undefined);
  const { max_concurrent: maxConcurrent, ...rates } = { ...tierDefaults, ...modelOverrides };
  return { ...rates, maxConcurrent } as LimitValues;
}

function findBuiltInLimits(tier: string, model: string): LimitValues {
  const tierLimits = getOwnEntry(builtInTiers, tier);
  if (!tierLimits) return {};
  const liveDefaults = liveModelNamePattern.test(model) ? tierLimits.liveDefaults : undefined;
  return getOwnEntry(tierLimits.models, model) ?? liveDefaults ?? tierLimits.defaults;
}

/** What a record has itself, not what every object has: a model may be called anything. */
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
