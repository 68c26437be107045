import { reportAs } from '../../cli/write-report.js';
import type { Settings } from '../../config/settings.js';
import { systemClock } from '../../driver/clock.js';
import { BoticelliError } from '../../errors.js';
import type { Page } from '../../quota/limiter/model-state.js';
import { type Forgotten, forgetLearned } from '../../quota/reset.js';
import { knownModels } from '../../quota/status.js';
import type { Keeper } from '../../quota/stores/quota-store.js';
import type { Output } from '../../terminal/output.js';
import { bookLine } from '../../terminal/reports/limits.js';
import { forgottenDocument, forgottenLines } from '../../terminal/reports/reset.js';
import { inRedis, type OpenQuotaOptions, openToChange, placeOfBook, readPages } from '../resources/open-quota.js';

export interface ForgetOptions {
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
export async function forget({ models, format, settings, output, warn }: ForgetOptions): Promise<void> {
  const { project } = settings;
  const opening = { settings, clock: systemClock, warn };
  const namesOn = (pages: ReadonlyMap<string, Page>) => knownModels({ pages, project }).map(([model]) => model);
  const here = namesOn(await readPages(opening));
  const shared = await inRedis(opening, async (keeper, { host: redis }) => {
    const there = namesOn(await keeper.pages());
    refuseUnknown(models, [...here, ...there]);
    return { redis, forgotten: await forgetAll(models, { among: there, project, keeper }) };
  });
  if (!shared) refuseUnknown(models, here);
  const own = await forgetHere(models, { among: here, project, opening });
  const { redis, forgotten: first = [] } = shared ?? {};
  const forgotten = [...first, ...own.filter(({ model }) => !first.some((each) => each.model === model))];
  // Where no Redis is set there is no question whose book it is.
  const book = settings.redisUrl === undefined ? undefined : placeOfBook(settings, redis);
  await reportAs(format, output, {
    document: () => ({ ...(book && { book }), forgotten: forgotten.map(forgottenDocument) }),
    lines: () => [...(book ? [bookLine(book)] : []), ...forgotten.flatMap(forgottenLines)],
  });
}

interface Among {
  /** The models that a book knows. */
  among: readonly string[];
  project: string;
}

async function forgetAll(
  models: readonly string[],
  { among, project, keeper }: Among & { keeper: Keeper },
): Promise<Forgotten[]> {
  const forgotten: Forgotten[] = [];
  for (const model of models) {
    // What a name before it stood for is done already.
    if (!among.includes(model) || forgotten.some((each) => each.model === model)) continue;
    forgotten.push(...(await forgetLearned(keeper, project, model)));
  }
  return forgotten;
}

/** In this machine's book, where that knows any of the models: none is made for it. */
async function forgetHere(
  models: readonly string[],
  { opening, ...rest }: Among & { opening: OpenQuotaOptions },
): Promise<Forgotten[]> {
  if (!models.some((model) => rest.among.includes(model))) return [];
  try {
    return await forgetAll(models, { ...rest, keeper: await openToChange(opening) });
  } catch (thrown) {
    if (thrown instanceof BoticelliError || !(thrown instanceof Error)) throw thrown;
    throw new BoticelliError('output_failed', `the quota book can't be written: ${thrown.message}`, { cause: thrown });
  }
}

function refuseUnknown(models: readonly string[], all: readonly string[]): void {
  const known = [...new Set(all)].sort();
  const unknown = models.filter((model) => !known.includes(model));
  if (unknown.length === 0) return;
  throw new BoticelliError('usage', `--forget ${unknown.join(', ')}: the quota book does not know that model`, {
    hint: known.length === 0 ? 'It knows none yet.' : `It knows ${known.join(', ')}. Nothing was forgotten.`,
  });
}
