import type { Failure } from '../../cli/failure.js';
import { readSettings, type SettingsFlagOptions } from '../../cli/load-settings.js';
import type { Host } from '../../cli/process.js';
import { warningOn } from '../../cli/warnings.js';
import { writingUntilEnded } from '../../cli/with-output.js';
import { looksOf, reportAs } from '../../cli/write-report.js';
import type { Settings } from '../../config/settings.js';
import { systemClock } from '../../driver/clock.js';
import { hostOf } from '../../gemini/connection.js';
import { cachedCatalogue, catalogueOfAnyKey } from '../../gemini/models/cached-list.js';
import { listModels } from '../../gemini/models/list-models.js';
import type { Catalogue } from '../../gemini/models/model-info.js';
import type { Page } from '../../quota/limiter/model-state.js';
import { survey } from '../../quota/status.js';
import { type ModelsReport, modelsDocument, modelsLines } from '../../terminal/reports/models.js';
import { paintFor } from '../../terminal/text/colors.js';
import { dateAndTime } from '../../terminal/text/format.js';
import { catalogueStore } from '../resources/model-list-cache.js';
import { connectionOf } from '../resources/open-gemini.js';
import { readPages } from '../resources/open-quota.js';
import { listedModels } from './listed-models.js';

/** The flags of `boticelli models`. */
export interface ModelsOptions extends SettingsFlagOptions {
  live?: boolean;
  search?: string;
  refresh?: boolean;
  format: 'text' | 'json';
}

/** `boticelli models`: says which models the key can reach, and how. The list is kept for a day. */
export function models(options: ModelsOptions, host: Host): Promise<Failure | undefined> {
  return writingUntilEnded(host, async (output, signal) => {
    const report = await gather(options, host, signal);
    await reportAs(options.format, output, {
      document: () => modelsDocument(report),
      lines: async () => modelsLines(report, await looksOf(host)),
    });
    return undefined;
  });
}

async function gather(options: ModelsOptions, host: Host, signal: AbortSignal): Promise<ModelsReport> {
  const paint = await paintFor(host.stderr);
  const warn = warningOn(host, paint);
  const settings = await readSettings(options, host, paint);
  const catalogue = await catalogueFor({ settings, refresh: options.refresh ?? false, warn, signal });
  const now = systemClock.now();
  const { project, limitsFor, budget, rateWindowMs: windowMs, tier } = settings;
  // What can't be read is told when the list is kept; without it the limits are those of the settings.
  const pages = await readPages({ settings, warn }).catch(() => new Map<string, Page>());
  const names = catalogue.entries.map(({ name }) => name);
  const quota = survey({ pages, project, limitsFor, budget, windowMs, now, models: names });
  const { live = false, search } = options;
  return {
    service: hostOf(settings),
    listedAt: catalogue.listedAt,
    ...{ tier, windowMs, now },
    count: names.length,
    models: listedModels({ entries: catalogue.entries, quota, now, live, ...(search !== undefined && { search }) }),
  };
}

interface Asking {
  settings: Settings;
  /** Whether to ask the service in any case. */
  refresh: boolean;
  warn: (text: string) => void;
  signal: AbortSignal;
}

/** The list that is kept, else the service's own. Rejects with `missing_api_key` where there is neither, nor a key. */
async function catalogueFor({ settings, refresh, warn, signal }: Asking): Promise<Catalogue> {
  const store = catalogueStore({ ...settings, warn });
  if (settings.apiKey === undefined && !refresh) {
    const kept = await catalogueOfAnyKey(store, settings);
    if (kept) {
      warn(`there is no API key: this is what another one could reach on ${dateAndTime(new Date(kept.listedAt))}`);
      return kept;
    }
  }
  const connection = connectionOf(settings);
  const memory = cachedCatalogue({ ...connection, store });
  const kept = refresh ? undefined : await memory.recall();
  if (kept) return kept;
  const entries = await listModels({ ...connection, signal });
  await memory.remember(entries);
  return { entries, listedAt: systemClock.now() };
}
