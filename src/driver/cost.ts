import { addUsage, type Usage } from './response.js';

/** The cost of tokens in US dollars; prices are per million tokens. Thoughts are billed as output. */
export function calculateCostUsd(
  { promptTokens, outputTokens, thoughtTokens }: Usage,
  { input, output }: { input: number; output: number },
): number | undefined {
  if (promptTokens === undefined || outputTokens === undefined || thoughtTokens === undefined) return undefined;
  return roundUsd((promptTokens * input + (outputTokens + thoughtTokens) * output) / 1_000_000);
}

/** Adds two costs. The sum is undefined if either cost is unknown, because a partial sum would be too low. */
export function addCosts(left: number | undefined, right: number | undefined): number | undefined {
  return left === undefined || right === undefined ? undefined : roundUsd(left + right);
}

/** Tokens and cost of one or more requests. */
export interface BilledUsage {
  usage: Usage;
  /** The cost in US dollars. Absent if any of the prices is unknown. */
  costUsd?: number;
}

/** Adds two billed usages. The sum is `right` if `left` is undefined. */
export function addBilledUsage(left: BilledUsage | undefined, right: BilledUsage): BilledUsage {
  const costUsd = left ? addCosts(left.costUsd, right.costUsd) : right.costUsd;
  const usage = left ? addUsage(left.usage, right.usage) : right.usage;
  return { usage, ...(costUsd !== undefined && { costUsd }) };
}

/** Rounds to a billionth of a dollar; smaller digits are floating-point noise. */
function roundUsd(usd: number): number {
  return Math.round(usd * 1e9) / 1e9;
}
