import type { FormatOptions, SettingsFlagOptions } from '../../cli/common-options.js';
import { loadSettings } from '../../cli/load-settings.js';
import { getStdoutStyle, withAbortableOutput, writeReport } from '../../cli/output.js';
import type { CliProcess } from '../../cli/process.js';
import { createWarn } from '../../cli/stderr.js';
import type { PriceList } from '../../config/price-list.js';
import type { Settings } from '../../config/settings.js';
import { systemClock } from '../../driver/clock.js';
import { builtInModels } from '../../facts/models.js';
import { getServiceHost } from '../../gemini/connection.js';
import { createModelListCache, readNewestModelList } from '../../gemini/models/cached-list.js';
import { getListedCapabilities, getRetirement } from '../../gemini/models/capabilities.js';
import { listModels } from '../../gemini/models/list-models.js';
import type { ModelInfo, ModelList } from '../../gemini/models/model-info.js';
import type { ModelState } from '../../quota/limiter/model-state.js';
import { getQuotaStatus, type QuotaStatus } from '../../quota/status.js';
import { formatModels, type ListedModel, toModelsDocument } from '../../terminal/reports/models-report.js';
import { createColors } from '../../terminal/text/colors.js';
import { formatDateTime } from '../../terminal/text/format.js';
import { getConnection } from '../resources/gemini-options.js';
import { createModelListStore } from '../resources/model-list-store.js';
import { readLocalModelStates } from '../resources/open-quota.js';

/** The options of `boticelli models`. */
export interface ModelsOptions extends FormatOptions, Pick<SettingsFlagOptions, 'tier' | 'config'> {
  /** Show only models that support the Live API. */
  live?: boolean;
  /** Show only models with this text in their name or description. Case does not matter. */
  search?: string;
  /** Fetch the list even if it is cached. */
  refresh?: boolean;
}

/** `boticelli models`: lists the models that the key can use. The list is cached for a day. */
export function showModels(options: ModelsOptions, proc: CliProcess): Promise<void> {
  return withAbortableOutput(proc, async (output, signal) => {
    const report = await createModelsReport(options, proc, signal);
    await writeReport(options.format, output, {
      createDocument: () => toModelsDocument(report),
      renderLines: async () => formatModels(report, await getStdoutStyle(proc)),
    });
  });
}

async function createModelsReport(options: ModelsOptions, proc: CliProcess, signal: AbortSignal) {
  const { live = false, search = '', refresh = false } = options;
  const colors = await createColors(proc.stderr);
  const warn = createWarn(proc, colors);
  const settings = await loadSettings(options, proc, colors);
  const { entries, listedAt } = await loadModelList({ settings, refresh, warn, signal });
  const now = systemClock.now();
  const { project, limitsFor, limitMultipliers, windowMs, tier } = settings;
  // If the database is unreadable, the limits come from the settings. No warning is printed here, because the model
  // list is cached in the same database: loading the list has already printed a warning.
  const modelStates = await readLocalModelStates({ settings, warn }).catch(() => new Map<string, ModelState>());
  const names = entries.map(({ name }) => name);
  const statuses = getQuotaStatus({ modelStates, project, limitsFor, limitMultipliers, windowMs, now, models: names });
  const quota = new Map(statuses.map((status) => [status.model, status]));
  const selected = entries.filter(
    (entry) => matchesSearch(entry, search) && (!live || getListedCapabilities(entry).supportsLive),
  );
  const models = selected.map((entry) => describeModel(entry, { quota, now, prices: settings.prices }));
  return { service: getServiceHost(settings), listedAt, tier, windowMs, now, count: entries.length, models };
}

function matchesSearch({ name, displayName = '', description = '' }: ModelInfo, search: string): boolean {
  return [name, displayName, description].some((text) => text.toLowerCase().includes(search.trim().toLowerCase()));
}

interface DescribeOptions {
  quota: ReadonlyMap<string, QuotaStatus>;
  now: number;
  prices: PriceList;
}

/** Adds what is known about a model to its entry. */
function describeModel(entry: ModelInfo, { quota, now, prices }: DescribeOptions): ListedModel {
  const { supportsGenerate, supportsLive, supportsCountTokens = false } = getListedCapabilities(entry);
  const retirement = getRetirement(entry.name, now);
  const { thinkingLevels, defaultThinkingLevel, maxTokensPerRequest } = builtInModels.get(entry.name) ?? {};
  const price = prices.getPrice(entry.name);
  return {
    ...entry,
    apis: { generate: supportsGenerate, stream: supportsGenerate, live: supportsLive },
    countsTokens: supportsCountTokens,
    ...(price && { price }),
    ...(thinkingLevels && { thinkingLevels }),
    ...(defaultThinkingLevel && { defaultThinkingLevel }),
    ...(maxTokensPerRequest && { maxTokensPerRequest }),
    ...(retirement && { retires: retirement.date, isOverdue: retirement.isPast }),
    // boticelli can't use models that support neither generateContent nor the Live API, so their quota does not matter.
    ...((supportsGenerate || supportsLive) && getQuota(entry.name, quota)),
  };
}

/** Returns the quota of a model. An alias has the limits of the model that serves it. */
function getQuota(model: string, quota: ReadonlyMap<string, QuotaStatus>): Pick<ListedModel, 'limits' | 'servedBy'> {
  const status = quota.get(model);
  if (status?.servedBy === undefined) return { limits: status?.limits ?? {} };
  const target = quota.get(status.servedBy);
  return { limits: target && 'limits' in target ? target.limits : {}, servedBy: status.servedBy };
}

interface LoadModelListOptions {
  settings: Settings;
  refresh: boolean;
  warn: (text: string) => void;
  signal: AbortSignal;
}

/**
 * Returns the list that is cached for the key, or fetches it; with `refresh`, always fetches it. Without a key, returns
 * the newest list of this service that was fetched with any key, unless `refresh` is set.
 *
 * @throws BoticelliError `missing_api_key` if the list has to be fetched and there is no key
 */
async function loadModelList({ settings, refresh, warn, signal }: LoadModelListOptions): Promise<ModelList> {
  const store = createModelListStore({ ...settings, warn });
  if (settings.apiKey === undefined && !refresh) {
    const cached = await readNewestModelList(store, settings);
    if (cached) {
      const time = formatDateTime(new Date(cached.listedAt));
      warn(`no API key is set: showing the newest cached list, fetched on ${time}`);
      return cached;
    }
  }
  const connection = getConnection(settings);
  const cache = createModelListCache({ ...connection, store });
  const cached = refresh ? undefined : await cache.read();
  if (cached) return cached;
  const entries = await listModels({ ...connection, signal });
  await cache.write(entries);
  return { entries, listedAt: systemClock.now() };
}
