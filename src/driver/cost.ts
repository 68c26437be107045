import { addUsage, type Usage } from './response.js';

/** US dollars for a million tokens. */
interface PricePerMillion {
  input: number;
  output: number;
}

/** What tokens cost, in US dollars. Thoughts are billed as output. */
export function calculateCostUsd(
  { promptTokens, outputTokens, thoughtTokens }: Omit<Usage, 'totalTokens'>,
  { input, output }: PricePerMillion,
): number {
  return roundUsd((promptTokens * input + (outputTokens + thoughtTokens) * output) / 1_000_000);
}

/** The sum of costs; undefined where one of them is not known, for a sum without it would say too little. */
export function addCosts(left: number | undefined, right: number | undefined): number | undefined {
  return left === undefined || right === undefined ? undefined : roundUsd(left + right);
}

/** What one or more calls took. */
export interface BilledUsage {
  usage: Usage;
  /** In US dollars; absent where the price of one is not known. */
  costUsd?: number;
}

/** The sum of expenses; where there is none yet, the other one. */
export function addBilledUsage(left: BilledUsage | undefined, right: BilledUsage): BilledUsage {
  const costUsd = left ? addCosts(left.costUsd, right.costUsd) : right.costUsd;
  const usage = left ? addUsage(left.usage, right.usage) : right.usage;
  return { usage, ...(costUsd !== undefined && { costUsd }) };
}

/** To a billionth of a dollar: what is below comes of floating point alone. */
function roundUsd(usd: number): number {
  return Math.round(usd * 1e9) / 1e9;
}
