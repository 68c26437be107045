import { builtInTiers, type LimitNumbers, liveNames } from '../facts.js';
import { plainModelName } from '../narrative/model-name.js';
import type { Limit, LimitKind, Limits } from '../quota/limits.js';
import type { WrittenTier } from './settings-schema.js';

type WrittenTiers = Readonly<Record<string, WrittenTier>>;

/** The names of all tiers: those that settings define and those that are built in. */
export function tierNames(written: WrittenTiers = {}): string[] {
  return [...new Set([...Object.keys(builtInTiers), ...Object.keys(written)])];
}

/**
 * The limits that a tier gives a model. `requestedAs` is the alias that it was asked by, if it was: settings may know
 * the model by that.
 */
export type LimitsOf = (model: string, requestedAs?: string) => Limits;

/**
 * The limits of a tier. One that settings write replaces the built-in one of that name as a whole: what is absent in it
 * is unlimited, and its models have its own limits where they have none for themselves. Flags beat both.
 */
export function limitsIn(tier: string, written: WrittenTier | undefined, flags: LimitNumbers): LimitsOf {
  return (model, requestedAs) => {
    const numbers = written
      ? writtenNumbers(written, requestedAs === undefined ? [model] : [model, requestedAs])
      : builtInNumbers(tier, plainModelName(model));
    return { ...limits(numbers, written ? 'settings' : 'built-in'), ...limits(flags, 'flag') };
  };
}

function writtenNumbers({ models = {}, ...own }: WrittenTier, names: readonly string[]): LimitNumbers {
  const known = new Map(Object.entries(models).map(([name, entry]) => [plainModelName(name), entry]));
  const model = names.map((name) => known.get(plainModelName(name))).find((entry) => entry !== undefined);
  const { max_concurrent: maxConcurrent, ...rates } = { ...own, ...model };
  return { ...rates, maxConcurrent } as LimitNumbers;
}

function builtInNumbers(tier: string, model: string): LimitNumbers {
  const facts = entryOf(builtInTiers, tier);
  if (!facts) return {};
  const byName = liveNames.test(model) ? facts.live : undefined;
  return entryOf(facts.models, model) ?? byName ?? facts.otherwise;
}

/** What a record has itself, not what every object has: a model may be called anything. */
function entryOf<Entry>(record: Readonly<Record<string, Entry>>, name: string): Entry | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

const kinds = ['rpm', 'tpm', 'rpd', 'maxConcurrent'] as const satisfies readonly LimitKind[];

function limits(numbers: LimitNumbers, source: Limit['source']): Limits {
  const result: Limits = {};
  for (const kind of kinds) {
    const value = numbers[kind];
    if (value !== undefined) result[kind] = { value, source };
  }
  return result;
}
