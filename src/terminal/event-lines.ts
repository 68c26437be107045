import type { ActEnd, ActFallback, ActRetry, ActWait, NarrativeEnd } from '../executor/event.js';
import { counted, dollars, duration } from './quantity.js';

/** What a person reads of an act that has its reply. */
export function actEndLine(end: ActEnd, { verbose }: { verbose: boolean }): string {
  const { usage } = end;
  if (end.reused) return `reused from an earlier run: nothing asked, nothing paid · ${end.model}`;
  const thoughts = usage.thoughtTokens > 0 ? `, ${usage.thoughtTokens} thinking` : '';
  const parts = [
    end.model === end.requestedModel ? end.model : `${end.model} (asked for ${end.requestedModel})`,
    `${usage.promptTokens} tokens in, ${usage.outputTokens} out${thoughts}`,
    ...(end.costUsd === undefined ? [] : [dollars(end.costUsd)]),
    ...(end.firstTokenMs === undefined ? [] : [`first token ${duration(end.firstTokenMs)}`]),
    ...(end.audio === undefined ? [] : [`${duration(end.audio.durationMs)} of speech`]),
    duration(end.durationMs),
    ...(end.attempts > 1 || verbose ? [counted(end.attempts, 'attempt')] : []),
    ...(verbose ? [`finish reason ${end.finishReason}`] : []),
  ];
  return parts.join(' · ');
}

/** What a person must know of a reply that is not whole, or nothing. */
export function finishWarning({ finishReason }: ActEnd): string | undefined {
  if (finishReason === 'STOP') return undefined;
  if (finishReason === 'MAX_TOKENS') return 'the reply was cut short by max_tokens';
  return `the model stopped with ${finishReason}: the reply may not be whole`;
}

export function retryLine({ attempt, delayMs, error }: ActRetry): string {
  return `attempt ${attempt} failed: ${error.message}; next one ${delayMs === 0 ? 'at once' : `in ${duration(delayMs)}`}`;
}

/** What tells a person that text they have read is void. */
export const discardLine = 'the text above is void: the attempt broke off, the reply starts again';

export function waitLine({ reason, model, waitMs, guessed }: ActWait): string {
  const limit = guessed ? `${reason}, a built-in guess` : reason;
  const what = reason === 'backoff' ? `next attempt with ${model}` : `quota of ${model} (${limit})`;
  return `${what}: ${duration(waitMs)}`;
}

export function fallbackLine({ from, to, reason }: ActFallback): string {
  return `${to} instead of ${from}: ${reason}`;
}

export function narrativeEndLine({ status, usage, costUsd, durationMs }: NarrativeEnd, actCount: number): string {
  const cost = costUsd === undefined ? '' : `, ${dollars(costUsd)}`;
  const tokens = counted(usage.totalTokens, 'token');
  return `${status}: ${counted(actCount, 'act')}, ${tokens}${cost}, ${duration(durationMs)}`;
}
