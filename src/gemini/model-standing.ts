import { knownModels } from '../facts.js';
import type { CatalogueEntry } from './catalogue-entry.js';
import { factsOf, namesOfTalkers } from './model-abilities.js';
import { nearestNames } from './nearest-names.js';

/**
 * How a model's name stands, as far as is known without asking. Days are as in `2026-12-01`. `by` says who knows: the
 * service's list is complete, the table of facts is not, so a name that it lacks may well be good.
 */
export type ModelStanding =
  | { state: 'known'; by: 'catalogue' | 'table' }
  | { state: 'retiring'; on: string; nearest: string[] }
  | { state: 'retired'; since: string; nearest: string[] }
  | { state: 'unknown'; by: 'catalogue' | 'table'; nearest: string[] };

export interface StandingOptions {
  /** The service's list, where it is known. */
  entries?: readonly CatalogueEntry[] | undefined;
  /** Milliseconds since the epoch. */
  now: number;
}

/** Says how a model's name stands; `nearest` are names that could stand in its place, the nearest first. */
export function modelStanding(model: string, { entries, now }: StandingOptions): ModelStanding {
  const isListed = entries?.some(({ name }) => name === model) ?? false;
  const retirement = retirementOf(model, now);
  const nearest = () => {
    const names = entries ? namesOfTalkers(entries) : namesOfTable(now);
    return nearestNames(
      model,
      names.filter((name) => name !== model),
    );
  };
  if (retirement && !retirement.isPast) return { state: 'retiring', on: retirement.on, nearest: nearest() };
  // A day of the table is the earliest possible: what the service still lists is not gone.
  if (isListed) return { state: 'known', by: 'catalogue' };
  if (retirement) return { state: 'retired', since: retirement.on, nearest: nearest() };
  if (!entries && factsOf(model)) return { state: 'known', by: 'table' };
  return { state: 'unknown', by: entries ? 'catalogue' : 'table', nearest: nearest() };
}

/** When a model retires or did, by the table of facts, in UTC; undefined where nobody has said. */
export function retirementOf(model: string, now: number): { on: string; isPast: boolean } | undefined {
  const on = factsOf(model)?.retires;
  return on === undefined ? undefined : { on, isPast: Date.parse(on) <= now };
}

function namesOfTable(now: number): string[] {
  return Object.keys(knownModels).filter((name) => !retirementOf(name, now)?.isPast);
}
