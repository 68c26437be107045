import type { Price, TokenRates } from '../../facts/prices.js';
import { formatInteger } from './format.js';

/**
 * Formats a price in US dollars per million tokens: `$2 in ($0.1 cached), $10 out`. A second price for long prompts
 * follows: `; above 200,000 tokens $4 in, $15 out`.
 */
export function formatPrice({ above, ...rates }: Price): string {
  return [
    formatRates(rates),
    ...(above ? [`above ${formatInteger(above.promptTokens)} tokens ${formatRates(above)}`] : []),
  ].join('; ');
}

function formatRates({ input, output, cachedInput, inputByModality = {}, outputByModality = {} }: TokenRates): string {
  const cached = cachedInput === undefined ? '' : ` ($${cachedInput} cached)`;
  const format = (rates: Readonly<Record<string, number>>, direction: string) =>
    Object.entries(rates).map(([modality, rate]) => `$${rate} ${modality.toLowerCase()} ${direction}`);
  const others = [...format(inputByModality, 'in'), ...format(outputByModality, 'out')];
  return [`$${input} in${cached}`, `$${output} out`, ...others].join(', ');
}
