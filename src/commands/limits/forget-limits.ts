import { writeReport } from '../../cli/output.js';
import { createLockedWarning } from '../../cli/stderr.js';
import type { Settings } from '../../config/settings.js';
import { openDatabase } from '../../database/open.js';
import { isPacificMidnight } from '../../driver/pacific-day.js';
import { BoticelliError } from '../../errors.js';
import { type ForgetResult, forgetLearnedLimits } from '../../quota/forget-learned-limits.js';
import type { ModelState } from '../../quota/limiter/model-state.js';
import { listProjectStates } from '../../quota/status.js';
import type { QuotaStore } from '../../quota/stores/quota-store.js';
import { createSqliteQuotaStore } from '../../quota/stores/sqlite-store.js';
import type { Output } from '../../terminal/output.js';
import { formatForgetResult, toForgetDocument } from '../../terminal/reports/forget-report.js';
import { formatStoreLocation } from '../../terminal/reports/limits-report.js';
import { describeStoreLocation, readLocalModelStates, withRedisStore } from '../resources/open-quota.js';

/** What both forms of `boticelli limits` need: the one that shows limits and the one that forgets them. */
export interface LimitsContext {
  format: 'text' | 'json';
  settings: Settings;
  output: Output;
  warn: (text: string) => void;
}

/**
 * `boticelli limits --forget`: forgets the learned limits of models and prints what it forgot. Forgets them in Redis
 * and in this machine's database, because the database is used while Redis is down.
 *
 * @throws BoticelliError `usage`, before anything is forgotten, if a model is in neither store
 */
export async function runForget(models: readonly string[], context: LimitsContext): Promise<void> {
  const { format, settings, output } = context;
  const { project } = settings;
  const listModels = (modelStates: ReadonlyMap<string, ModelState>) =>
    listProjectStates({ modelStates, project }).map(([model]) => model);
  const localModels = listModels(await readLocalModelStates(context));
  const fromRedis = await withRedisStore(context, async (store, { host }) => {
    const redisModels = listModels(await store.readAll());
    assertKnownModels(models, [...localModels, ...redisModels]);
    return { host, forgotten: await forgetInStore(store, project, selectKnown(models, redisModels)) };
  });
  if (!fromRedis) assertKnownModels(models, localModels);
  const { host, forgotten: forgottenInRedis = [] } = fromRedis ?? {};
  const forgottenLocally = await forgetLocally(context, selectKnown(models, localModels));
  // A model that both stores have is listed once.
  const onlyLocal = forgottenLocally.filter(({ model }) => !forgottenInRedis.some((other) => other.model === model));
  const forgotten = [...forgottenInRedis, ...onlyLocal];
  // Without Redis there is only one store, so the location of the store is not printed.
  // In JSON the location is the field `book`, as in the document of `limits`.
  const storeLocation = settings.redisUrl === undefined ? undefined : describeStoreLocation(settings, host);
  await writeReport(format, output, {
    createDocument: () => ({
      ...(storeLocation && { book: storeLocation }),
      forgotten: forgotten.map(toForgetDocument),
    }),
    renderLines: () => [
      ...(storeLocation ? [formatStoreLocation(storeLocation)] : []),
      ...forgotten.flatMap((result) =>
        formatForgetResult(result, { windowMs: settings.windowMs, isEndOfDay: isPacificMidnight }),
      ),
    ],
  });
}

function selectKnown(models: readonly string[], known: readonly string[]): string[] {
  return models.filter((model) => known.includes(model));
}

async function forgetInStore(store: QuotaStore, project: string, models: readonly string[]): Promise<ForgetResult[]> {
  const forgotten = new Map<string, ForgetResult>();
  for (const model of models) {
    if (forgotten.has(model)) continue;
    // For an alias, the limits of the model that serves it are forgotten too. The user may also have named that model.
    for (const result of await forgetLearnedLimits(store, project, model))
      if (!forgotten.has(result.model)) forgotten.set(result.model, result);
  }
  return [...forgotten.values()];
}

/** Forgets the limits in this machine's database. If there is nothing to forget, no database is created. */
async function forgetLocally({ settings, warn }: LimitsContext, models: readonly string[]): Promise<ForgetResult[]> {
  if (models.length === 0) return [];
  const { stateFolder = '', project } = settings;
  try {
    const { database, warning } = await openDatabase(stateFolder);
    if (!database) throw new BoticelliError('output_failed', warning ?? 'no state database');
    const store = createSqliteQuotaStore({ database, onLocked: createLockedWarning(warn) });
    return await forgetInStore(store, project, models);
  } catch (thrown) {
    if (thrown instanceof BoticelliError || !(thrown instanceof Error)) throw thrown;
    throw new BoticelliError('output_failed', `can't write the quota store: ${thrown.message}`, { cause: thrown });
  }
}

function assertKnownModels(models: readonly string[], all: readonly string[]): void {
  const known = [...new Set(all)].sort();
  const unknown = models.filter((model) => !known.includes(model));
  if (unknown.length === 0) return;
  const knownModelsHint = `Nothing was deleted. Known models: ${known.join(', ')}.`;
  throw new BoticelliError('usage', `--forget ${unknown.join(', ')}: unknown model`, {
    hint: known.length === 0 ? 'No model has been used yet.' : knownModelsHint,
  });
}
