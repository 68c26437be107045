import { getListedCapabilities, getRetirement } from '../../gemini/models/capabilities.js';
import type { ModelInfo } from '../../gemini/models/model-info.js';
import type { QuotaStatus } from '../../quota/status.js';
import type { ListedModel } from '../../terminal/reports/models-report.js';

export interface SelectModelsOptions {
  entries: readonly ModelInfo[];
  /** The quota status of the models. */
  quota: readonly QuotaStatus[];
  /** Milliseconds since the epoch. */
  now: number;
  /** Only models with the Live API. */
  live: boolean;
  /** Only models with this text in their name or description; case does not matter. */
  search?: string;
}

/** Selects models and adds their capabilities, retirement and limits. Keeps the order of the service. */
export function selectModels({ entries, quota, now, live, search = '' }: SelectModelsOptions): ListedModel[] {
  const byModel = new Map(quota.map((status) => [status.model, status]));
  return entries
    .filter((entry) => matchesSearch(entry, search) && (!live || getListedCapabilities(entry).supportsLive))
    .map((entry) => {
      const {
        supportsGenerate,
        supportsLive,
        supportsCountTokens: countsTokens = false,
      } = getListedCapabilities(entry);
      const retirement = getRetirement(entry.name, now);
      return {
        ...entry,
        reach: { generate: supportsGenerate, stream: supportsGenerate, live: supportsLive },
        countsTokens,
        ...(retirement && { retires: retirement.date, isOverdue: retirement.isPast }),
        // Other models give no replies here, so their quota does not matter.
        ...((supportsGenerate || supportsLive) && getQuota(entry.name, byModel)),
      };
    });
}

function matchesSearch({ name, displayName = '', description = '' }: ModelInfo, search: string): boolean {
  return [name, displayName, description].some((text) => text.toLowerCase().includes(search.trim().toLowerCase()));
}

/** An alias has the limits of its model. */
function getQuota(model: string, quota: ReadonlyMap<string, QuotaStatus>): Pick<ListedModel, 'limits' | 'standsFor'> {
  const status = quota.get(model);
  if (status?.standsFor === undefined) return { limits: status?.limits ?? {} };
  const targetStatus = quota.get(status.standsFor);
  return {
    limits: targetStatus?.standsFor === undefined ? (targetStatus?.limits ?? {}) : {},
    standsFor: status.standsFor,
  };
}
