import type {
  ActEnd,
  ActFallback,
  ActRetry,
  ActStart,
  ActWait,
  NarrativeEnd,
} from '../../executor/narrative-events.js';
import { formatCount, formatDuration, formatUsd } from '../text/format.js';

export interface FormatActEndOptions {
  verbose: boolean;
  /** Whether it has to tell of waits, which nobody has told of before. */
  showsWaits?: boolean;
}

/** Waits below this are nobody's concern. */
export const minReportedWaitMs = 1000;

/** What a person reads an act called: with its round, where the carousel turns more than once. */
export function formatActName({ act, round }: Pick<ActStart, 'act' | 'round'>): string {
  return round === undefined ? act : `${act} (round ${round})`;
}

/** What a person reads of an act that has its reply. */
export function formatActEnd(end: ActEnd, { verbose, showsWaits = false }: FormatActEndOptions): string {
  const { usage, costUsd } = end;
  if (end.reused) return `reused from an earlier run: nothing asked, nothing paid · ${end.model}`;
  const thoughtsText = usage.thoughtTokens > 0 ? `, ${usage.thoughtTokens} thinking` : '';
  const parts = [
    end.model === end.requestedModel ? end.model : `${end.model} (asked for ${end.requestedModel})`,
    `${usage.promptTokens} tokens in, ${usage.outputTokens} out${thoughtsText}`,
    ...(showsWaits && end.waitMs >= minReportedWaitMs ? [`waited ${formatDuration(end.waitMs)}`] : []),
    ...(end.firstTokenMs === undefined ? [] : [`first token ${formatDuration(end.firstTokenMs)}`]),
    end.firstTokenMs === undefined ? formatDuration(end.durationMs) : `${formatDuration(end.durationMs)} in all`,
    ...(end.audio === undefined ? [] : [`${formatDuration(end.audio.durationMs)} of speech`]),
    ...(costUsd === undefined ? [] : [formatUsd(costUsd)]),
    ...(end.attempts > 1 || verbose ? [formatCount(end.attempts, 'attempt')] : []),
    ...(verbose ? [`finish reason ${end.finishReason}`] : []),
  ];
  return parts.join(' · ');
}

/** What a person must know of a reply that is not whole, or nothing. */
export function formatFinishWarning({ finishReason }: ActEnd): string | undefined {
  if (finishReason === 'STOP') return undefined;
  if (finishReason === 'MAX_TOKENS') return 'the reply was cut short by max_tokens';
  return `the model stopped with ${finishReason}: the reply may not be whole`;
}

export function formatRetry({ attempt, delayMs, error }: ActRetry): string {
  // A refusal without a pause of its own: when there is room again, the quota book says in a line to come.
  const nextTime = error.code === 'rate_limited' ? 'when there is quota' : 'at once';
  return `attempt ${attempt} failed: ${error.message}; next one ${delayMs === 0 ? nextTime : `in ${formatDuration(delayMs)}`}`;
}

/** What tells a person that text they have read is void. */
export const discardMessage = 'the text above is void: the attempt broke off, the reply starts again';

export function formatWait({ reason, model, waitMs, guessed }: ActWait): string {
  const limit = guessed ? `${reason}, a built-in guess` : reason;
  const subject = reason === 'backoff' ? `next attempt with ${model}` : `quota of ${model} (${limit})`;
  return `${subject}: ${formatDuration(waitMs)}`;
}

export function formatFallback({ from, to, reason }: ActFallback): string {
  return `${to} instead of ${from}: ${reason}`;
}

/** What the acts of a run came to. */
export interface ActCounts {
  ended: number;
  reused: number;
  /** How many there are in all. */
  total: number;
}

/** How a run ended, and what it took. */
export function formatNarrativeEnd(end: NarrativeEnd, counts: ActCounts): string {
  const { status, usage, durationMs, costUsd } = end;
  const { ended, reused, total } = counts;
  const parts = [
    ended === total ? formatCount(ended, 'act') : `${ended} of ${formatCount(total, 'act')}`,
    ...(reused > 0 ? [`${reused} reused`] : []),
    formatCount(usage.totalTokens, 'token'),
    formatDuration(durationMs),
    ...(costUsd === undefined ? [] : [formatUsd(costUsd)]),
  ];
  return `${status}: ${parts.join(', ')}`;
}
