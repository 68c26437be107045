import type { ActEnd, ActFallback, ActRetry, ActStart, ActWait, NarrativeEnd } from '../../executor/event.js';
import { counted, dollars, duration } from '../text/format.js';

export interface ActEndLineOptions {
  verbose: boolean;
  /** Whether it has to tell of waits, which nobody has told of before. */
  tellsWaits?: boolean;
}

/** Waits below this are nobody's concern. */
export const shortWaitMs = 1000;

/** What a person reads an act called: with its round, where the carousel turns more than once. */
export function actName({ act, round }: Pick<ActStart, 'act' | 'round'>): string {
  return round === undefined ? act : `${act} (round ${round})`;
}

/** What a person reads of an act that has its reply. */
export function actEndLine(end: ActEnd, { verbose, tellsWaits = false }: ActEndLineOptions): string {
  const { usage, costUsd } = end;
  if (end.reused) return `reused from an earlier run: nothing asked, nothing paid · ${end.model}`;
  const thoughts = usage.thoughtTokens > 0 ? `, ${usage.thoughtTokens} thinking` : '';
  const parts = [
    end.model === end.requestedModel ? end.model : `${end.model} (asked for ${end.requestedModel})`,
    `${usage.promptTokens} tokens in, ${usage.outputTokens} out${thoughts}`,
    ...(tellsWaits && end.waitMs >= shortWaitMs ? [`waited ${duration(end.waitMs)}`] : []),
    ...(end.firstTokenMs === undefined ? [] : [`first token ${duration(end.firstTokenMs)}`]),
    end.firstTokenMs === undefined ? duration(end.durationMs) : `${duration(end.durationMs)} in all`,
    ...(end.audio === undefined ? [] : [`${duration(end.audio.durationMs)} of speech`]),
    ...(costUsd === undefined ? [] : [dollars(costUsd)]),
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
  // A refusal without a pause of its own: when there is room again, the quota book says in a line to come.
  const atOnce = error.code === 'rate_limited' ? 'when there is quota' : 'at once';
  return `attempt ${attempt} failed: ${error.message}; next one ${delayMs === 0 ? atOnce : `in ${duration(delayMs)}`}`;
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

/** What the acts of a run came to. */
export interface ActCounts {
  ended: number;
  reused: number;
  /** How many there are in all. */
  planned: number;
}

/** How a run ended, and what it took. */
export function narrativeEndLine(end: NarrativeEnd, counts: ActCounts): string {
  const { status, usage, durationMs, costUsd } = end;
  const { ended, reused, planned } = counts;
  const parts = [
    ended === planned ? counted(ended, 'act') : `${ended} of ${counted(planned, 'act')}`,
    ...(reused > 0 ? [`${reused} reused`] : []),
    counted(usage.totalTokens, 'token'),
    duration(durationMs),
    ...(costUsd === undefined ? [] : [dollars(costUsd)]),
  ];
  return `${status}: ${parts.join(', ')}`;
}
