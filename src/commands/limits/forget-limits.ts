import { writeReport } from '../../cli/output.js';
import type { Settings } from '../../config/settings.js';
import { systemClock } from '../../driver/clock.js';
import { BoticelliError } from '../../errors.js';
import type { ModelState } from '../../quota/limiter/model-state.js';
import { type ResetResult, resetLearnedLimits } from '../../quota/reset-learned-limits.js';
import { listProjectStates } from '../../quota/status.js';
import type { QuotaStore } from '../../quota/stores/quota-store.js';
import type { Output } from '../../terminal/output.js';
import { formatQuotaLocation } from '../../terminal/reports/limits-report.js';
import { formatResetResult, toResetDocument } from '../../terminal/reports/reset-report.js';
import {
  describeStoreLocation,
  type OpenQuotaStoreOptions,
  openWritableStore,
  readLocalModelStates,
  withRedisStore,
} from '../resources/open-quota.js';

export interface ForgetLearnedOptions {
  models: readonly string[];
  format: 'text' | 'json';
  settings: Settings;
  output: Output;
  warn: (text: string) => void;
}

/**
 * `boticelli limits --forget`: deletes the learned limits of models from Redis and from this machine's database, which
 * replaces Redis while that is down, and prints what it deleted.
 *
 * @throws BoticelliError `usage` if neither store knows one of the models; then it deletes nothing
 */
export async function forgetLearnedLimits({
  models,
  format,
  settings,
  output,
  warn,
}: ForgetLearnedOptions): Promise<void> {
  const { project } = settings;
  const openOptions = { settings, clock: systemClock, warn };
  const listModelNames = (modelStates: ReadonlyMap<string, ModelState>) =>
    listProjectStates({ modelStates, project }).map(([model]) => model);
  const localModels = listModelNames(await readLocalModelStates(openOptions));
  const redisResult = await withRedisStore(openOptions, async (store, { host: redisHost }) => {
    const redisModels = listModelNames(await store.readAll());
    assertKnownModels(models, [...localModels, ...redisModels]);
    return { redis: redisHost, forgotten: await forgetModels(models, { storedModels: redisModels, project, store }) };
  });
  if (!redisResult) assertKnownModels(models, localModels);
  const localForgotten = await forgetLocally(models, { storedModels: localModels, project, openOptions });
  const { redis: redisHost, forgotten: redisForgotten = [] } = redisResult ?? {};
  const forgotten = [
    ...redisForgotten,
    ...localForgotten.filter(({ model }) => !redisForgotten.some((other) => other.model === model)),
  ];
  // Without Redis there is only one store, so its location is not printed.
  const storeLocation = settings.redisUrl === undefined ? undefined : describeStoreLocation(settings, redisHost);
  await writeReport(format, output, {
    createDocument: () => ({
      ...(storeLocation && { book: storeLocation }),
      forgotten: forgotten.map(toResetDocument),
    }),
    renderLines: () => [
      ...(storeLocation ? [formatQuotaLocation(storeLocation)] : []),
      ...forgotten.flatMap(formatResetResult),
    ],
  });
}

interface ForgetContext {
  /** The models that the store knows. */
  storedModels: readonly string[];
  project: string;
}

async function forgetModels(
  models: readonly string[],
  { storedModels, project, store }: ForgetContext & { store: QuotaStore },
): Promise<ResetResult[]> {
  const forgotten: ResetResult[] = [];
  for (const model of models) {
    // Resetting an alias has reset its model too.
    if (!storedModels.includes(model) || forgotten.some((other) => other.model === model)) continue;
    forgotten.push(...(await resetLearnedLimits(store, project, model)));
  }
  return forgotten;
}

/** Deletes the limits from this machine's database, if that knows any of the models. It creates no database. */
async function forgetLocally(
  models: readonly string[],
  { openOptions, ...rest }: ForgetContext & { openOptions: OpenQuotaStoreOptions },
): Promise<ResetResult[]> {
  if (!models.some((model) => rest.storedModels.includes(model))) return [];
  try {
    return await forgetModels(models, { ...rest, store: await openWritableStore(openOptions) });
  } catch (thrown) {
    if (thrown instanceof BoticelliError || !(thrown instanceof Error)) throw thrown;
    throw new BoticelliError('output_failed', `can't write the quota store: ${thrown.message}`, { cause: thrown });
  }
}

function assertKnownModels(models: readonly string[], all: readonly string[]): void {
  const known = [...new Set(all)].sort();
  const unknown = models.filter((model) => !known.includes(model));
  if (unknown.length === 0) return;
  throw new BoticelliError('usage', `--forget ${unknown.join(', ')}: unknown model`, {
    hint:
      known.length === 0 ? 'No model has been used yet.' : `Nothing was forgotten. Known models: ${known.join(', ')}.`,
  });
}
