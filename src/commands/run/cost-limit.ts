import type { PriceList } from '../../config/price-list.js';
import type { Settings } from '../../config/settings.js';
import { costOf } from '../../driver/cost.js';
import type { BoticelliDriver } from '../../driver/driver.js';
import type { Spending } from '../../driver/layers/budget-ledger.js';
import { withinBudget, withoutPrice } from '../../driver/layers/with-budget.js';
import { priced } from '../../driver/layers/with-cost.js';
import type { GenerateRequest } from '../../driver/request.js';
import { composedNarrative, type Narrative, narrativesWithin } from '../../narrative/narrative.js';
import { estimateTokens } from '../../quota/limiter/estimate-tokens.js';
import type { RunOptions } from './run.js';

export interface KnownCostOptions {
  options: Pick<RunOptions, 'maxCost'>;
  settings: Pick<Settings, 'prices'>;
  /** What the command's narratives spend, all together. Default: this one alone spends. */
  spending?: Spending | undefined;
}

/** Replies say what they cost, and with `--max-cost` no call is made that would take the spending over it. */
export function atKnownCost(
  { options: { maxCost }, settings: { prices }, spending }: KnownCostOptions,
  inner: BoticelliDriver,
): BoticelliDriver {
  const driver = priced({ priceOf: prices.served }, inner);
  if (maxCost === undefined) return driver;
  return withinBudget(
    { maxCostUsd: maxCost, estimateUsd: (request) => estimateUsd(request, prices), ...(spending && { spending }) },
    driver,
  );
}

/** The prompt, and as long a reply as `max_tokens` allows; without that, what is known is the prompt. */
function estimateUsd(request: GenerateRequest, prices: PriceList): number | undefined {
  const price = prices.atMost(request.model);
  const { maxTokens: outputTokens = 0 } = request.parameters;
  return price && costOf({ promptTokens: estimateTokens(request), outputTokens, thoughtTokens: 0 }, price);
}

/** Throws `invalid_config` where a model has no price that the narrative may come to ask, before it asks any. */
export function assertPriced(
  narrative: Narrative,
  { maxCost, rehearse, replay, fallback }: RunOptions,
  settings: Pick<Settings, 'prices' | 'defaultModel' | 'fallback'>,
): void {
  if (maxCost === undefined || rehearse || replay !== undefined) return;
  const acts = [...narrativesWithin(narrative)].flatMap((each) => each.acts).filter((act) => !composedNarrative(act));
  const fallbacks = acts.flatMap((act) => (fallback === false ? [] : (fallback ?? act.fallback ?? settings.fallback)));
  const models = new Set([...acts.map(({ model }) => model ?? settings.defaultModel), ...fallbacks]);
  const unknown = [...models].find((model) => !settings.prices.atMost(model));
  if (unknown !== undefined) throw withoutPrice(unknown);
}
