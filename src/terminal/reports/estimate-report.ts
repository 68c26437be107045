import type { SearchFee } from '../../facts/prices.js';
import type { Colors } from '../text/colors.js';
import { formatCount, formatDateTime, formatDuration, formatInteger, formatUsd } from '../text/format.js';
import { toPrintableLine } from '../text/printable.js';

/** An estimate of requests, tokens and cost. */
interface Totals {
  requests: number;
  promptTokens: number;
  outputTokens: number;
  costUsd?: number;
  /** The cost in the standard service tier. Present if an act asks for a service tier and the cost is known. */
  standardCostUsd?: number;
  /** The service tiers that acts ask for. */
  serviceTiers?: readonly string[];
}

/** The totals of a narrative, the totals of each model, and the waiting time. */
export interface EstimateReport extends Totals {
  /** The number of text replies of acts without `max_tokens`. Their length is assumed to be typical. */
  guessedReplies: number;
  waitMs: number;
  /**
   * The first model whose daily quota would be used up: after `afterRequests` requests of the run, and until `until`
   * (milliseconds since the epoch).
   */
  blockedModel?: { model: string; afterRequests: number; until: number };
  models: readonly ({ model: string } & Totals)[];
  /** The number of requests whose model may search the web. */
  searchRequests: number;
  /** The highest fee for a search among the models that may search the web. Absent if the fee of one is unknown. */
  searchFee?: SearchFee;
}

/** Formats the estimate of a narrative as lines to print below the line that names its file. */
export function formatEstimate(estimate: EstimateReport, typicalReplyTokens: number, colors: Colors): string[] {
  const { models, guessedReplies } = estimate;
  const assumption =
    guessedReplies === 0
      ? 'assumes that replies use all of max_tokens'
      : `assumes ${formatInteger(typicalReplyTokens)} tokens for a reply without max_tokens (${formatInteger(guessedReplies)} of ${formatCount(estimate.requests, 'request')})`;
  return [
    `  ${formatTotals(estimate)}`,
    ...(models.length > 1 ? models.map((model) => `    ${toPrintableLine(model.model)}: ${formatTotals(model)}`) : []),
    `  ${formatQuota(estimate)}`,
    ...formatSearches(estimate),
    colors.dim(`  estimate: ${assumption}; thoughts are not counted`),
  ];
}

function formatTotals({ requests, promptTokens, outputTokens, ...costs }: Totals): string {
  return `${formatCount(requests, 'request')}, about ${formatInteger(promptTokens)} tokens in, ${formatInteger(outputTokens)} out, ${formatCost(costs)}`;
}

/** Formats the cost. If acts ask for service tiers, the cost in the standard tier follows. */
function formatCost({ costUsd, standardCostUsd, serviceTiers = [] }: Partial<Totals>): string {
  if (costUsd === undefined) return 'unknown cost';
  const tierText = serviceTiers.length === 0 ? '' : ` with service tier ${serviceTiers.join(' and ')}`;
  const standardText = standardCostUsd === undefined ? '' : `, ${formatUsd(standardCostUsd)} with standard`;
  return `about ${formatUsd(costUsd)}${tierText}${standardText}${tierText && ','} if billed`;
}

/** Formats the fee for web searches. The cost does not include it, because the number of searches is still unknown. */
function formatSearches({ searchRequests, searchFee }: EstimateReport): string[] {
  if (searchRequests === 0) return [];
  const requests = `${formatCount(searchRequests, 'request')} may search the web`;
  if (!searchFee) return [`  ${requests}; the fee is unknown and not included`];
  const unit = searchFee.per === 'query' ? 'per search' : 'per request that searches';
  return [`  ${requests}: + ${formatUsd(searchFee.usd)} ${unit}, not included`];
}

function formatQuota({ waitMs, blockedModel }: EstimateReport): string {
  const waitText = waitMs === 0 ? 'no wait for quota' : `${formatDuration(waitMs)} wait for quota`;
  if (!blockedModel) return `${waitText}; replies take additional time`;
  const { model, afterRequests, until } = blockedModel;
  const usedUpText = `after ${formatCount(afterRequests, 'request')} the daily quota of ${toPrintableLine(model)} is used up`;
  return `${waitText}; ${usedUpText} and resets ${formatDateTime(new Date(until))}`;
}
