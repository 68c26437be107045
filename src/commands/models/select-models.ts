import { getListedCapabilities, getRetirement } from '../../gemini/models/capabilities.js';
import type { ModelInfo } from '../../gemini/models/model-info.js';
import type { QuotaStatus } from '../../quota/status.js';
import type { ListedModel } from '../../terminal/reports/models-report.js';

export interface SelectModelsOptions {
  entries: readonly ModelInfo[];
  /** What is known of their quota. */
  quota: readonly QuotaStatus[];
  /** Milliseconds since the epoch. */
  now: number;
  /** Only those that speak Live. */
  live: boolean;
  /** Only those that have this text somewhere, in capitals or not. */
  search?: string;
}

/** The models of a list as they are shown, in the service's order. */
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
        // What gives no replies here has no quota that anyone would book.
        ...((supportsGenerate || supportsLive) && getQuota(entry.name, byModel)),
      };
    });
}

function matchesSearch({ name, displayName = '', description = '' }: ModelInfo, search: string): boolean {
  return [name, displayName, description].some((text) => text.toLowerCase().includes(search.trim().toLowerCase()));
}

/** Of a name that stands for another model, the limits are that one's. */
function getQuota(model: string, quota: ReadonlyMap<string, QuotaStatus>): Pick<ListedModel, 'limits' | 'standsFor'> {
  const status = quota.get(model);
  if (status?.standsFor === undefined) return { limits: status?.limits ?? {} };
  const targetStatus = quota.get(status.standsFor);
  return {
    limits: targetStatus?.standsFor === undefined ? (targetStatus?.limits ?? {}) : {},
    standsFor: status.standsFor,
  };
}
