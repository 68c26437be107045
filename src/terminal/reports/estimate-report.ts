import type { Colors } from '../text/colors.js';
import { formatCount, formatDateTime, formatDuration, formatUsd } from '../text/format.js';
import { toPrintableLine } from '../text/printable.js';

/** An estimate as it is shown. */
export interface EstimateReport {
  requests: number;
  promptTokens: number;
  outputTokens: number;
  costUsd?: number;
  /** How many replies are taken to be typical ones. */
  guessedReplies: number;
  waitMs: number;
  closed?: { model: string; afterRequests: number; until: number };
  models: readonly { model: string; requests: number; promptTokens: number; outputTokens: number; costUsd?: number }[];
}

/** What playing a narrative will take, as a person reads it, below the line of its file. */
export function formatEstimate(estimate: EstimateReport, typicalReplyTokens: number, colors: Colors): string[] {
  const { models, guessedReplies } = estimate;
  const assumption =
    guessedReplies === 0
      ? 'a reply is taken to be as long as max_tokens allows'
      : `a reply without max_tokens is taken to have ${typicalReplyTokens} tokens (${guessedReplies} of ${estimate.requests})`;
  return [
    `  ${formatTotals(estimate)}`,
    ...(models.length > 1 ? models.map((model) => `    ${toPrintableLine(model.model)}: ${formatTotals(model)}`) : []),
    `  ${formatQuota(estimate)}`,
    colors.dim(`  an estimate: ${assumption}; thoughts are not counted`),
  ];
}

function formatTotals({
  requests,
  promptTokens,
  outputTokens,
  costUsd,
}: Pick<EstimateReport, 'requests' | 'promptTokens' | 'outputTokens' | 'costUsd'>): string {
  const costText = costUsd === undefined ? 'cost not known' : `about ${formatUsd(costUsd)} on a paid tier`;
  return `${formatCount(requests, 'request')}, about ${promptTokens} tokens in, ${outputTokens} out, ${costText}`;
}

function formatQuota({ waitMs, closed }: EstimateReport): string {
  const waitText = waitMs === 0 ? 'no wait for quota' : `${formatDuration(waitMs)} of waiting for quota`;
  if (!closed) return `${waitText}, and the time that the replies take`;
  const { model, afterRequests, until } = closed;
  const closedText = `after ${formatCount(afterRequests, 'request')} the day's quota of ${toPrintableLine(model)} is used up`;
  return `${waitText}; ${closedText}: it returns ${formatDateTime(new Date(until))}`;
}
