import { type Price, type SearchFee, serviceTierFactors, type TokenRates } from '../facts/prices.js';
import { maxPriorityFactor } from '../facts/service-tiers.js';
import type { GenerateRequest } from './request.js';
import { addUsage, type TokenDetails, type TokensByModality, type Usage } from './response.js';
import { getServiceTier } from './service-tier.js';

/**
 * The cost of one request in US dollars. It is undefined in four cases:
 *
 * - a count is unknown or invalid
 * - the price depends on the modality of the tokens (audio costs several times as much as text), and `details` does not
 *   state the modalities or contradicts `usage`
 * - there were web searches, and their fee is unknown
 * - the service tier has no known price
 */
export function calculateCostUsd(usage: Usage, price: Price, details: TokenDetails = {}): number | undefined {
  const { promptTokens, outputTokens, thoughtTokens, cachedTokens = 0, toolTokens = 0 } = usage;
  const factor = getServiceTierFactor(price, details);
  if (promptTokens === undefined || outputTokens === undefined || thoughtTokens === undefined) return undefined;
  if (factor === undefined || details.hasInvalidCount) return undefined;
  const { above: longPromptRates } = price;
  const rates: TokenRates = longPromptRates && promptTokens > longPromptRates.promptTokens ? longPromptRates : price;
  const { input, output, cachedInput = input, inputByModality, outputByModality } = rates;
  const promptCost = addUpModalities(promptTokens, details.prompt, input, inputByModality);
  const outputCost = addUpModalities(outputTokens, details.output, output, outputByModality);
  if (promptCost === undefined || outputCost === undefined) return undefined;
  // A cached token of any modality costs the same fraction of its full price: `cachedInput / input`. Tokens that
  // the details leave out get the lowest rate, so that the discount is not too high.
  const fullCostOfCachedTokens =
    addUpModalities(cachedTokens, details.cached ?? {}, input, inputByModality, Math.min) ?? 0;
  const discount = input === 0 ? 0 : fullCostOfCachedTokens * (1 - cachedInput / input);
  const tokenCost = promptCost - discount + toolTokens * input + outputCost + thoughtTokens * output;
  const searchCost = calculateSearchCost(details.searches ?? 0, price.searchFee);
  return searchCost === undefined ? undefined : roundUsd((tokenCost * factor) / 1e6 + searchCost);
}

function calculateSearchCost(searches: number, fee: SearchFee | undefined): number | undefined {
  if (searches === 0) return 0;
  return fee && fee.usd * (fee.per === 'query' ? searches : 1);
}

/**
 * Multiplies tokens by their rates. Tokens that the details leave out get the rate that `chooseRate` returns: by
 * default the highest, so that the cost is not too low. Such gaps occur: the details of a Live prompt lacked 25 of 522
 * tokens (discuss.ai.google.dev/t/188765, 2026-09).
 * @param ratesByModality absent if all modalities have the same rate; `details` is then ignored
 * @returns the cost, or undefined if the rate depends on the modality and the details are absent or add up to more than
 *   `tokens`
 */
function addUpModalities(
  tokens: number,
  details: TokensByModality | undefined,
  rate: number,
  ratesByModality: Readonly<Record<string, number>> | undefined,
  chooseRate: typeof Math.max = Math.max,
): number | undefined {
  if (!ratesByModality || tokens === 0) return tokens * rate;
  if (!details) return undefined;
  let remainingTokens = tokens;
  let cost = 0;
  for (const [modality, count] of Object.entries(details)) {
    remainingTokens -= count;
    cost += count * (ratesByModality[modality] ?? rate);
  }
  if (remainingTokens < 0) return undefined;
  return cost + remainingTokens * chooseRate(rate, ...Object.values(ratesByModality));
}

function getServiceTierFactor({ priorityFactor }: Price, { serviceTier = 'standard' }: TokenDetails) {
  return serviceTier === 'priority' ? priorityFactor : serviceTierFactors.get(serviceTier);
}

/**
 * Estimates the cost of a request in US dollars, in the service tier that the request asks for, without cached tokens.
 * The estimate is exact for the given counts, except in two cases in which it may be too high: the price depends on the
 * modality, or the request asks for the tier `priority` and the model's price of this tier is unknown.
 * @param counts the counts of tokens, and the number of web searches (default 0)
 * @returns undefined if there are web searches and their fee is unknown
 */
export function estimateCostUsd(
  request: GenerateRequest,
  { promptTokens, outputTokens, searches = 0 }: { promptTokens: number; outputTokens: number; searches?: number },
  price: Price,
): number | undefined {
  const usage = { promptTokens, outputTokens, thoughtTokens: 0 };
  const serviceTier = getServiceTier(request);
  return calculateCostUsd(
    usage,
    { priorityFactor: maxPriorityFactor, ...price },
    {
      ...{ prompt: countPromptAsText(request, price, usage) ?? {}, output: {}, searches },
      ...(serviceTier && { serviceTier }),
    },
  );
}

/**
 * If a prompt has no sound, counts all its tokens as text, because pictures and documents cost as much as text. Returns
 * undefined if the prompt may have sound, if the model has a separate price for a modality other than sound, or if the
 * number of tokens is unknown. Also returns undefined for every model with a price for spoken output, because the
 * prompt may contain earlier replies as sound.
 */
export function countPromptAsText(
  { turns }: GenerateRequest,
  { outputByModality, inputByModality = {} }: Price,
  { promptTokens }: Usage,
): TokensByModality | undefined {
  const separatelyPricedModalities = Object.keys(inputByModality);
  if (promptTokens === undefined || outputByModality?.AUDIO !== undefined) return undefined;
  if (separatelyPricedModalities.some((modality) => modality !== 'AUDIO')) return undefined;
  const media = turns.flatMap((turn): readonly { mimeType?: string }[] =>
    turn.role === 'user' ? turn.parts.filter((part) => part.type === 'media') : (turn.media ?? []),
  );
  return media.some(mayHaveSound) ? undefined : { TEXT: promptTokens };
}

function mayHaveSound({ mimeType = '' }: { mimeType?: string }): boolean {
  return !/^(image|text)\/|^application\/pdf$/.test(mimeType);
}

/** Adds two costs. The sum is undefined if either cost is unknown, because a partial sum would be too low. */
export function addCosts(left: number | undefined, right: number | undefined): number | undefined {
  return left === undefined || right === undefined ? undefined : roundUsd(left + right);
}

/** Tokens and cost of one or more requests. */
export interface BilledUsage {
  usage: Usage;
  /** The cost in US dollars. Absent if a price or a count is unknown. */
  costUsd?: number;
}

/** Adds the tokens and the costs of two usages. The sum is `right` if `left` is undefined. */
export function addUsageAndCost(left: BilledUsage | undefined, right: BilledUsage): BilledUsage {
  const costUsd = left ? addCosts(left.costUsd, right.costUsd) : right.costUsd;
  const usage = left ? addUsage(left.usage, right.usage) : right.usage;
  return { usage, ...(costUsd !== undefined && { costUsd }) };
}

/** Rounds to a billionth of a dollar; smaller digits are floating-point noise. */
function roundUsd(usd: number): number {
  return Math.round(usd * 1e9) / 1e9;
}
