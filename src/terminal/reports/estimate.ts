import type { Paint } from '../text/colors.js';
import { counted, dateAndTime, dollars, duration } from '../text/format.js';
import { printableLine } from '../text/printable.js';

/** An estimate as it is shown. */
export interface ShownEstimate {
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
export function estimateLines(estimate: ShownEstimate, typicalReplyTokens: number, paint: Paint): string[] {
  const { models, guessedReplies } = estimate;
  const guess =
    guessedReplies === 0
      ? 'a reply is taken to be as long as max_tokens allows'
      : `a reply without max_tokens is taken to have ${typicalReplyTokens} tokens (${guessedReplies} of ${estimate.requests})`;
  return [
    `  ${sumWords(estimate)}`,
    ...(models.length > 1 ? models.map((each) => `    ${printableLine(each.model)}: ${sumWords(each)}`) : []),
    `  ${quotaWords(estimate)}`,
    paint.dim(`  an estimate: ${guess}; thoughts are not counted`),
  ];
}

function sumWords({
  requests,
  promptTokens,
  outputTokens,
  costUsd,
}: Pick<ShownEstimate, 'requests' | 'promptTokens' | 'outputTokens' | 'costUsd'>): string {
  const cost = costUsd === undefined ? 'cost not known' : `about ${dollars(costUsd)} on a paid tier`;
  return `${counted(requests, 'request')}, about ${promptTokens} tokens in, ${outputTokens} out, ${cost}`;
}

function quotaWords({ waitMs, closed }: ShownEstimate): string {
  const waits = waitMs === 0 ? 'no wait for quota' : `${duration(waitMs)} of waiting for quota`;
  if (!closed) return `${waits}, and the time that the replies take`;
  const { model, afterRequests, until } = closed;
  const sent = `after ${counted(afterRequests, 'request')} the day's quota of ${printableLine(model)} is used up`;
  return `${waits}; ${sent}: it returns ${dateAndTime(new Date(until))}`;
}
