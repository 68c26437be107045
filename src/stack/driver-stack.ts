import { createPriceList, type PriceList } from '../config/price-list.js';
import { type Clock, systemClock } from '../driver/clock.js';
import { countHopTokens } from '../driver/continuation.js';
import { estimateCostUsd } from '../driver/cost.js';
import type { BoticelliDriver } from '../driver/driver.js';
import type { BudgetLedger } from '../driver/layers/budget-ledger.js';
import { type BudgetOptions, withBudget } from '../driver/layers/with-budget.js';
import { withContinuation } from '../driver/layers/with-continuation.js';
import { withCost } from '../driver/layers/with-cost.js';
import { withExpectations } from '../driver/layers/with-expectations.js';
import { type FallbackOptions, withFallback } from '../driver/layers/with-fallback.js';
import { withJsonValidation } from '../driver/layers/with-json-validation.js';
import { withRetries } from '../driver/layers/with-retries.js';
import { withTierFallback } from '../driver/layers/with-tier-fallback.js';
import { isPictureModel } from '../facts/models.js';
import { typicalPictureTokens, typicalReplyTokens } from '../facts/prices.js';
import { createGeminiDriver } from '../gemini/driver.js';
import { getUnsupportedReason } from '../gemini/models/unsupported-reason.js';
import type { GeminiDriverOptions } from '../gemini/options.js';
import { createSchemaValidator } from '../narrative/schema/json-schema.js';
import { estimateTextTokens, estimateTokens } from '../quota/limiter/estimate-tokens.js';
import { type QuotaOptions, withQuota } from '../quota/with-quota.js';
import { withHopCache } from '../store/replies/with-hop-cache.js';
import { type ReplyCacheOptions, withReplyCache } from '../store/replies/with-reply-cache.js';
import { createQuota } from './quota.js';

/**
 * Time limit of the check of a reply against its schema or `expect`. A check takes milliseconds, unless a regular
 * expression backtracks.
 */
export const maxCheckMs = 10_000;

/** The options of `createDriverStack`. Only `gemini` is required. */
export interface DriverStackOptions {
  /** The API key, the address and the timeouts. */
  gemini: GeminiDriverOptions;
  /**
   * The rate limiter, or false to send requests without one. Default: `createQuota()`, which applies the built-in
   * limits of the free tier within this process.
   */
  quota?: QuotaOptions | false;
  /** Retries after a temporary failure. Default 4. */
  retries?: number;
  /** Returns the fallback models of an act, given those that the act itself names. Default: the act's own. */
  getFallbackModels?: FallbackOptions['getFallbackModels'];
  /** Prices of models. Default: the built-in ones. */
  prices?: PriceList;
  /** The highest cost of all requests together, in US dollars. Default: no limit. */
  maxCostUsd?: number;
  /** Where the cost is counted. Stacks that share a ledger share `maxCostUsd`. Default: a ledger of this stack. */
  budgetLedger?: BudgetLedger;
  /** Stores replies and finds stored ones for reuse. Default: replies are neither stored nor reused. */
  replies?: ReplyCacheOptions;
  /** The clock. Default: the system clock. */
  clock?: Clock;
}

/**
 * Creates the driver that the command line uses. Its layers, from the outermost to the innermost, are stored replies,
 * expectations, JSON validation, continuation of long replies, stored hops, fallback to other models and to other
 * service tiers, budget and cost, retries, quota, and Gemini. Replies and hops are stored only with `replies`, and the
 * budget applies only with `maxCostUsd`.
 *
 * Runs of `NarrativeExecutor` may share a driver; `maxCostUsd` then limits their total cost. If you call the driver
 * without an executor, create one driver for each run. The driver numbers equal requests, and stores each reply under
 * the number of its request. A second run would continue the numbers of the first run, and would not find the replies of
 * the first run. Such runs may share a driver only if the `CallContext` of each call has a `position`, whose `run`
 * identifies the run, or a `rowIdentity`.
 *
 * @throws BoticelliError `invalid_config` for an invalid base URL
 */
export function createDriverStack(options: DriverStackOptions): BoticelliDriver {
  const { retries = 4, replies, clock = systemClock, getFallbackModels = (actFallback = []) => actFallback } = options;
  const { quota = createQuota({ clock }) } = options;
  const gemini = createGeminiDriver({ clock, ...options.gemini });
  const limited = quota ? withQuota(quota, gemini) : gemini;
  const priced = withCostAndBudget(options, withRetries({ retries, clock }, limited));
  const hopDriver = withFallback({ getFallbackModels, getUnsupportedReason }, withTierFallback(priced));
  const replyDriver = withContinuation(replies ? withHopCache(replies, hopDriver) : hopDriver);
  const checkTimeoutMs = options.gemini.timeoutMs && Math.min(options.gemini.timeoutMs, maxCheckMs);
  const validated = withJsonValidation({ compileSchema: createSchemaValidator, checkTimeoutMs }, replyDriver);
  const checked = withExpectations({ checkTimeoutMs }, validated);
  return replies ? withReplyCache({ ...replies, checkTimeoutMs }, checked) : checked;
}

function withCostAndBudget(options: DriverStackOptions, inner: BoticelliDriver): BoticelliDriver {
  const { prices = createPriceList(), maxCostUsd, budgetLedger: ledger } = options;
  const driver = withCost({ getPrice: prices.getReplyPrice }, inner);
  if (maxCostUsd === undefined) return driver;
  return withBudget({ maxCostUsd, estimateUsd: createCostEstimator(prices), ...(ledger && { ledger }) }, driver);
}

/**
 * Creates a function that estimates the cost of a call, before it or after a reply whose cost is unknown. The cost
 * covers the prompt and a reply of `max_tokens`. Without `max_tokens`:
 *
 * - Before the call, the length of the reply is unknown, so the reply counts as 0 tokens.
 * - After the call, the tokens of the reply are estimated from its text. Thoughts may have been longer, so a short text
 *   counts as a reply of typical length.
 * - In both cases, however, the reply of a picture model counts as at least one picture, whose tokens are known.
 *
 * A request that allows Google Search is assumed to search once.
 */
function createCostEstimator(prices: PriceList): BudgetOptions['estimateUsd'] {
  return (request, reply) => {
    const price = prices.getMaxPrice(request.model);
    const promptTokens = estimateTokens(request);
    const pictureTokens = isPictureModel(request.model) ? typicalPictureTokens : 0;
    const textTokens = reply ? Math.max(typicalReplyTokens, estimateTextTokens(reply.text)) : 0;
    const replyTokens = Math.max(pictureTokens, textTokens);
    const { maxTokens, tools = [] } = request.parameters;
    const searches = tools.includes('google_search') ? 1 : 0;
    // max_tokens limits the whole reply, so a later hop can return only what the earlier hops have left of it.
    const outputTokens = maxTokens === undefined ? replyTokens : Math.max(0, maxTokens - countHopTokens(request));
    return price && estimateCostUsd(request, { promptTokens, outputTokens, searches }, price);
  };
}
