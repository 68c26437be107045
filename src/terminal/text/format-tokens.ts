import type { Usage } from '../../driver/response.js';
import { formatCount, formatInteger } from './format.js';

/**
 * Formats the tokens of a request, with a separate number for thoughts:
 * `120 tokens in (80 cached), 7 out, 30 thinking`.
 */
export function formatTokens({ thoughtTokens = 0, ...usage }: Usage): string {
  const tokens = formatInAndOut(usage.outputTokens, usage);
  return thoughtTokens > 0 ? `${tokens}, ${formatInteger(thoughtTokens)} thinking` : tokens;
}

/** Formats the tokens of several requests as they are billed: `120 tokens in, 37 out`. Thoughts count as output. */
export function formatBilledTokens(usage: Usage): string {
  return formatInAndOut(getBilledOutput(usage), usage);
}

/** Returns the tokens that are billed as output: those of the reply and of thoughts. Undefined if either is unknown. */
export function getBilledOutput({ outputTokens, thoughtTokens }: Usage): number | undefined {
  return outputTokens === undefined || thoughtTokens === undefined ? undefined : outputTokens + thoughtTokens;
}

/** Formats the sum of all tokens: `1 token`, `12 tokens`. */
export function formatTotalTokens({ totalTokens }: Usage): string {
  return totalTokens === undefined ? 'unknown token count' : formatCount(totalTokens, 'token');
}

function formatInAndOut(outputTokens: number | undefined, { promptTokens, cachedTokens, toolTokens }: Usage): string {
  if (promptTokens === undefined && outputTokens === undefined) return 'unknown token count';
  const cached = cachedTokens ? ` (${formatInteger(cachedTokens)} cached)` : '';
  const tools = toolTokens ? ` + ${formatInteger(toolTokens)} of tools` : '';
  return `${formatOrUnknown(promptTokens)} tokens in${cached}${tools}, ${formatOrUnknown(outputTokens)} out`;
}

function formatOrUnknown(count: number | undefined): string {
  return count === undefined ? 'unknown' : formatInteger(count);
}
