import { abilitiesOfEntry } from '../../gemini/models/capabilities.js';
import type { CatalogueEntry } from '../../gemini/models/model-info.js';
import { retirementOf } from '../../gemini/models/retirement.js';
import type { Surveyed } from '../../quota/status.js';
import type { ListedModel } from '../../terminal/reports/models.js';

export interface ListedModelsOptions {
  entries: readonly CatalogueEntry[];
  /** What is known of their quota. */
  quota: readonly Surveyed[];
  /** Milliseconds since the epoch. */
  now: number;
  /** Only those that speak Live. */
  live: boolean;
  /** Only those that have this text somewhere, in capitals or not. */
  search?: string;
}

/** The models of a list as they are shown, in the service's order. */
export function listedModels({ entries, quota, now, live, search = '' }: ListedModelsOptions): ListedModel[] {
  const byModel = new Map(quota.map((each) => [each.model, each]));
  return entries
    .filter((entry) => isFound(entry, search) && (!live || abilitiesOfEntry(entry).live))
    .map((entry) => {
      const { generates, live: speaksLive, countsTokens = false } = abilitiesOfEntry(entry);
      const retirement = retirementOf(entry.name, now);
      return {
        ...entry,
        reach: { generate: generates, stream: generates, live: speaksLive },
        countsTokens,
        ...(retirement && { retires: retirement.on, isOverdue: retirement.isPast }),
        // What gives no replies here has no quota that anyone would book.
        ...((generates || speaksLive) && quotaOf(entry.name, byModel)),
      };
    });
}

function isFound({ name, displayName = '', description = '' }: CatalogueEntry, search: string): boolean {
  return [name, displayName, description].some((text) => text.toLowerCase().includes(search.trim().toLowerCase()));
}

/** Of a name that stands for another model, the limits are that one's. */
function quotaOf(model: string, quota: ReadonlyMap<string, Surveyed>): Pick<ListedModel, 'limits' | 'standsFor'> {
  const own = quota.get(model);
  if (own?.standsFor === undefined) return { limits: own?.limits ?? {} };
  const counted = quota.get(own.standsFor);
  return { limits: counted?.standsFor === undefined ? (counted?.limits ?? {}) : {}, standsFor: own.standsFor };
}
