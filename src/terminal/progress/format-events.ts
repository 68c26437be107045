import type {
  ActEnd,
  ActFallback,
  ActRetry,
  ActStart,
  ActWait,
  NarrativeEnd,
} from '../../executor/narrative-events.js';
import { classifyFinishReason } from '../../facts/finish-reasons.js';
import { formatCount, formatDuration, formatInteger, formatUsd } from '../text/format.js';
import { formatTokens, formatTotalTokens } from '../text/format-tokens.js';
import { formatToolCounts } from './format-tool-use.js';

/** What the line of a finished act contains. */
export interface FormatActEndOptions {
  verbose?: boolean;
  /** Whether to show how long the act waited. Set it if the waits had no lines of their own. */
  showsWaits?: boolean;
  /** Whether replies come from a recording, under `--replay`. */
  replays?: boolean | undefined;
}

/** The minimum duration of a wait that is reported without `verbose`. */
export const minReportedWaitMs = 1000;

/** Formats the name of an act, with its round if the narrative has several rounds. */
export function formatActName({ act, round }: Pick<ActStart, 'act' | 'round'>): string {
  return round === undefined ? act : `${act} (round ${round})`;
}

/** Formats the line of a finished act. */
export function formatActEnd(end: ActEnd, { verbose, showsWaits, replays }: FormatActEndOptions = {}): string {
  const { usage, costUsd } = end;
  if (end.reused)
    return `reused from ${replays ? 'the recording' : 'an earlier run'} (no request, no cost) · ${end.model}`;
  const parts = [
    end.model === end.requestedModel ? end.model : `${end.model} (asked for ${end.requestedModel})`,
    ...(end.serviceTier === undefined || end.serviceTier === 'standard' ? [] : [`${end.serviceTier} tier`]),
    formatTokens(usage),
    ...(showsWaits && end.waitMs >= minReportedWaitMs ? [`waited ${formatDuration(end.waitMs)}`] : []),
    ...(end.firstTokenMs === undefined ? [] : [`first token ${formatDuration(end.firstTokenMs)}`]),
    end.firstTokenMs === undefined ? formatDuration(end.durationMs) : `${formatDuration(end.durationMs)} total`,
    ...(end.audio === undefined ? [] : [`${formatDuration(end.audio.durationMs)} of speech`]),
    ...formatToolCounts(end),
    ...(costUsd === undefined ? [] : [formatUsd(costUsd)]),
    ...(end.attempts > 1 || verbose ? [formatCount(end.attempts, 'attempt')] : []),
    ...(verbose ? [`finish reason ${end.finishReason}`] : []),
  ];
  return parts.join(' · ');
}

/**
 * Formats a line for each picture and sound of a reply: `01-draw-1.png (image/png, 12,345 bytes)`, without the name if
 * it was not saved.
 */
export function formatMedia({ media = [] }: Pick<ActEnd, 'media'>): string[] {
  return media.map(({ mimeType, byteLength, file }) => {
    const details = `${mimeType}, ${formatInteger(byteLength)} ${byteLength === 1 ? 'byte' : 'bytes'}`;
    return file === undefined ? details : `${file} (${details})`;
  });
}

/**
 * Formats the warning for a truncated reply. Returns undefined for any other reply: an unusual finish reason was
 * already reported by an `act-note`.
 */
export function formatFinishWarning({ finishReason }: ActEnd): string | undefined {
  return classifyFinishReason(finishReason) === 'truncated' ? 'the reply was cut short by max_tokens' : undefined;
}

/** Formats a failed attempt: its error, and when the next attempt follows. */
export function formatRetry({ attempt, delayMs, error }: ActRetry): string {
  // After a rejection without a delay, the rate limiter decides when to retry, and a later line shows its wait.
  const nextTime = error.code === 'rate_limited' ? 'when the limit allows it' : 'now';
  return `attempt ${attempt} failed: ${error.message}; retrying ${delayMs === 0 ? nextTime : `in ${formatDuration(delayMs)}`}`;
}

/**
 * Formats the warning that text printed above is no longer valid.
 * @param discardedChars the length of the end that is discarded; absent if the whole text is discarded
 */
export function formatDiscard(discardedChars?: number): string {
  return discardedChars === undefined
    ? 'the text above is discarded; the reply starts again'
    : `the end of the text above (${formatCount(discardedChars, 'character')}) is discarded; that part of the reply starts again`;
}

/** Formats a wait as text that follows the word `waiting` or `waited`. */
export function formatWait({ reason, model, waitMs, guessed, isProjectWide }: ActWait): string {
  const duration = formatDuration(waitMs);
  if (isProjectWide) return `${duration} for the project's spend-based rate limit`;
  if (reason === 'backoff') return `${duration} before the next attempt with ${model}`;
  return `${duration} for quota of ${model} (${guessed ? `${reason}, built-in guess` : reason})`;
}

/** What the limit counts, by the reason of the wait. `rpd` is missing because guessed limits per day never cause a wait. */
const limitUnits: Partial<Record<ActWait['reason'], [one: string, many: string]>> = {
  rpm: ['request per minute', 'requests per minute'],
  tpm: ['input token per minute', 'input tokens per minute'],
  concurrency: ['concurrent session', 'concurrent sessions'],
};

/**
 * Explains a wait for a limit that is a built-in guess. All guesses are for the free tier, so the text also says how to
 * avoid the wait on a paid key. Returns undefined for other waits.
 */
export function formatGuess({ guessed, reason, limit }: ActWait): string | undefined {
  const [one, many] = limitUnits[reason] ?? [];
  if (!guessed || limit === undefined || one === undefined) return undefined;
  const count = `${formatInteger(limit)} ${limit === 1 ? one : many}`;
  return `guessed free-tier limit of ${count}; with a paid key, use --tier tier_1 or set default_tier`;
}

/** Formats a change of the model or of the service tier. */
export function formatFallback({ from, to, reason }: ActFallback): string {
  return `using ${to} instead of ${from}: ${reason}`;
}

/** The counts of a run's acts. */
export interface ActCounts {
  /** The acts that have a reply. */
  completed: number;
  reused: number;
  /** All acts of the run. */
  total: number;
}

/** Formats the last line of a run: its outcome, acts, tokens, time and cost. */
export function formatNarrativeEnd(end: NarrativeEnd, { completed, reused, total }: ActCounts): string {
  const { status, usage, durationMs, costUsd } = end;
  const parts = [
    completed === total ? formatCount(completed, 'act') : `${completed} of ${formatCount(total, 'act')}`,
    ...(reused > 0 ? [`${reused} reused`] : []),
    formatTotalTokens(usage),
    formatDuration(durationMs),
    ...(costUsd === undefined ? [] : [formatUsd(costUsd)]),
  ];
  return `${status}: ${parts.join(', ')}`;
}
