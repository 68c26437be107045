import type { Settings } from '../config/settings.js';
import { systemClock } from '../driver/clock.js';
import { BoticelliError } from '../errors.js';
import { type Forgotten, forgetLearned } from '../quota/forget.js';
import type { Keeper } from '../quota/keeper.js';
import { knownModels } from '../quota/survey.js';
import { forgottenDocument, forgottenLines } from '../terminal/forgotten.js';
import { jsonOf } from '../terminal/json-replies.js';
import type { Output } from '../terminal/output.js';
import { openToChange, readPages } from './open-quota.js';

export interface ForgetOptions {
  models: readonly string[];
  format: 'text' | 'json';
  settings: Settings;
  output: Output;
  warn: (text: string) => void;
}

/**
 * `boticelli limits --forget`: forgets what was learned of models, and says what that was. Rejects with `usage` where the
 * book knows one of them not, and then forgets nothing.
 */
export async function forget({ models, format, settings, output, warn }: ForgetOptions): Promise<void> {
  const { project } = settings;
  const opening = { settings, clock: systemClock, warn };
  const known = knownModels({ pages: await readPages(opening), project }).map(([model]) => model);
  const unknown = models.filter((model) => !known.includes(model));
  if (unknown.length > 0) throw unknownModels(unknown, known.sort());
  const forgotten = await forgetAll(models, project, await openToChange(opening));
  if (format === 'json') output.write(`${jsonOf({ forgotten: forgotten.map(forgottenDocument) }, 2)}\n`);
  else output.write(`${forgotten.flatMap(forgottenLines).join('\n')}\n`);
}

async function forgetAll(models: readonly string[], project: string, keeper: Keeper): Promise<Forgotten[]> {
  const forgotten: Forgotten[] = [];
  try {
    for (const model of models) {
      // What a name before it stood for is done already.
      if (forgotten.some((each) => each.model === model)) continue;
      forgotten.push(...(await forgetLearned(keeper, project, model)));
    }
    return forgotten;
  } catch (thrown) {
    if (thrown instanceof BoticelliError || !(thrown instanceof Error)) throw thrown;
    throw new BoticelliError('output_failed', `the quota book can't be written: ${thrown.message}`, { cause: thrown });
  }
}

function unknownModels(unknown: readonly string[], known: readonly string[]): BoticelliError {
  return new BoticelliError('usage', `--forget ${unknown.join(', ')}: the quota book does not know that model`, {
    hint: known.length === 0 ? 'It knows none yet.' : `It knows ${known.join(', ')}. Nothing was forgotten.`,
  });
}
