import { writeReport } from '../../cli/write-report.js';
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
 * `boticelli limits --forget`: forgets what was learned of models, and says what that was: in the book that machines share,
 * and in this machine's own, which stands in for that one. Rejects with `usage` where neither knows one of them, and then
 * forgets nothing.
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
  // Where no Redis is set there is no question whose book it is.
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
  /** The models that a book knows. */
  storedModels: readonly string[];
  project: string;
}

async function forgetModels(
  models: readonly string[],
  { storedModels, project, store }: ForgetContext & { store: QuotaStore },
): Promise<ResetResult[]> {
  const forgotten: ResetResult[] = [];
  for (const model of models) {
    // What a name before it stood for is done already.
    if (!storedModels.includes(model) || forgotten.some((other) => other.model === model)) continue;
    forgotten.push(...(await resetLearnedLimits(store, project, model)));
  }
  return forgotten;
}

/** In this machine's book, where that knows any of the models: none is made for it. */
async function forgetLocally(
  models: readonly string[],
  { openOptions, ...rest }: ForgetContext & { openOptions: OpenQuotaStoreOptions },
): Promise<ResetResult[]> {
  if (!models.some((model) => rest.storedModels.includes(model))) return [];
  try {
    return await forgetModels(models, { ...rest, store: await openWritableStore(openOptions) });
  } catch (thrown) {
    if (thrown instanceof BoticelliError || !(thrown instanceof Error)) throw thrown;
    throw new BoticelliError('output_failed', `the quota book can't be written: ${thrown.message}`, { cause: thrown });
  }
}

function assertKnownModels(models: readonly string[], all: readonly string[]): void {
  const known = [...new Set(all)].sort();
  const unknown = models.filter((model) => !known.includes(model));
  if (unknown.length === 0) return;
  throw new BoticelliError('usage', `--forget ${unknown.join(', ')}: the quota book does not know that model`, {
    hint: known.length === 0 ? 'It knows none yet.' : `It knows ${known.join(', ')}. Nothing was forgotten.`,
  });
}
