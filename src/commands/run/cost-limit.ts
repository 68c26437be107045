import type { PriceList } from '../../config/price-list.js';
import type { Settings } from '../../config/settings.js';
import { calculateCostUsd } from '../../driver/cost.js';
import type { BoticelliDriver } from '../../driver/driver.js';
import type { BudgetLedger } from '../../driver/layers/budget-ledger.js';
import { createUnknownPriceError, withBudget } from '../../driver/layers/with-budget.js';
import { withCost } from '../../driver/layers/with-cost.js';
import type { GenerateRequest } from '../../driver/request.js';
import { collectNarratives, getInnerNarrative, type Narrative } from '../../narrative/narrative.js';
import { estimateTokens } from '../../quota/limiter/estimate-tokens.js';
import type { RunOptions } from './run.js';

export interface CostLimitOptions {
  options: Pick<RunOptions, 'maxCost'>;
  settings: Pick<Settings, 'prices'>;
  /** What the command's narratives spend, all together. Default: this one alone spends. */
  budgetLedger?: BudgetLedger | undefined;
}

/** Replies say what they cost, and with `--max-cost` no call is made that would take the spending over it. */
export function withCostLimit(
  { options: { maxCost }, settings: { prices }, budgetLedger }: CostLimitOptions,
  inner: BoticelliDriver,
): BoticelliDriver {
  const driver = withCost({ getPrice: prices.getReplyPrice }, inner);
  if (maxCost === undefined) return driver;
  return withBudget(
    {
      maxCostUsd: maxCost,
      estimateUsd: (request) => estimateUsd(request, prices),
      ...(budgetLedger && { ledger: budgetLedger }),
    },
    driver,
  );
}

/** The prompt, and as long a reply as `max_tokens` allows; without that, what is known is the prompt. */
function estimateUsd(request: GenerateRequest, prices: PriceList): number | undefined {
  const price = prices.getMaxPrice(request.model);
  const { maxTokens: outputTokens = 0 } = request.parameters;
  return price && calculateCostUsd({ promptTokens: estimateTokens(request), outputTokens, thoughtTokens: 0 }, price);
}

/** Throws `invalid_config` where a model has no price that the narrative may come to ask, before it asks any. */
export function assertPricesKnown(
  narrative: Narrative,
  { maxCost, rehearse, replay, fallback }: RunOptions,
  settings: Pick<Settings, 'prices' | 'defaultModel' | 'fallback'>,
): void {
  if (maxCost === undefined || rehearse || replay !== undefined) return;
  const acts = [...collectNarratives(narrative)]
    .flatMap((nested) => nested.acts)
    .filter((act) => !getInnerNarrative(act));
  const fallbacks = acts.flatMap((act) => (fallback === false ? [] : (fallback ?? act.fallback ?? settings.fallback)));
  const models = new Set([...acts.map(({ model }) => model ?? settings.defaultModel), ...fallbacks]);
  const unknown = [...models].find((model) => !settings.prices.getMaxPrice(model));
  if (unknown !== undefined) throw createUnknownPriceError(unknown);
}
