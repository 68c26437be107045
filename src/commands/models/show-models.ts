import { loadSettings } from '../../cli/load-settings.js';
import { getStdoutStyle, withAbortableOutput, writeReport } from '../../cli/output.js';
import type { CliProcess } from '../../cli/process.js';
import { createWarn } from '../../cli/stderr.js';
import type { Settings } from '../../config/settings.js';
import { systemClock } from '../../driver/clock.js';
import { getServiceHost } from '../../gemini/connection.js';
import { createModelListCache, readNewestModelList } from '../../gemini/models/cached-list.js';
import { listModels } from '../../gemini/models/list-models.js';
import type { ModelList } from '../../gemini/models/model-info.js';
import type { ModelState } from '../../quota/limiter/model-state.js';
import { getQuotaStatus } from '../../quota/status.js';
import { formatModels, type ModelsReport, toModelsDocument } from '../../terminal/reports/models-report.js';
import { createColors } from '../../terminal/text/colors.js';
import { formatDateTime } from '../../terminal/text/format.js';
import { getConnection } from '../resources/gemini-options.js';
import { createModelListStore } from '../resources/model-list-cache.js';
import { readLocalModelStates } from '../resources/open-quota.js';
import type { ModelsOptions } from './options.js';
import { selectModels } from './select-models.js';

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

async function createModelsReport(
  options: ModelsOptions,
  proc: CliProcess,
  signal: AbortSignal,
): Promise<ModelsReport> {
  const colors = await createColors(proc.stderr);
  const warn = createWarn(proc, colors);
  const settings = await loadSettings(options, proc, colors);
  const modelList = await loadModelList({ settings, refresh: options.refresh ?? false, warn, signal });
  const now = systemClock.now();
  const { project, limitsFor, budget, windowMs, tier } = settings;
  // Caching the list has reported an unreadable database; without one, the limits are those of the settings.
  const modelStates = await readLocalModelStates({ settings, warn }).catch(() => new Map<string, ModelState>());
  const names = modelList.entries.map(({ name }) => name);
  const quota = getQuotaStatus({ modelStates, project, limitsFor, budget, windowMs, now, models: names });
  const { live = false, search } = options;
  return {
    service: getServiceHost(settings),
    listedAt: modelList.listedAt,
    ...{ tier, windowMs, now },
    count: names.length,
    models: selectModels({ entries: modelList.entries, quota, now, live, ...(search !== undefined && { search }) }),
  };
}

interface LoadModelListOptions {
  settings: Settings;
  /** Fetch the list even if it is cached. */
  refresh: boolean;
  warn: (text: string) => void;
  signal: AbortSignal;
}

/** Returns the cached list, or fetches it. @throws BoticelliError `missing_api_key` if it needs a key to fetch it */
async function loadModelList({ settings, refresh, warn, signal }: LoadModelListOptions): Promise<ModelList> {
  const store = createModelListStore({ ...settings, warn });
  if (settings.apiKey === undefined && !refresh) {
    const cached = await readNewestModelList(store, settings);
    if (cached) {
      warn(
        `no API key is set: showing the list that another key fetched on ${formatDateTime(new Date(cached.listedAt))}`,
      );
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
