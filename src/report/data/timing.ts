import { isRecord, toList, toRecords } from '../../util/json.js';
import { isAmount, toAmount } from './stored-values.js';

/**
 * What an act spends its time on. `thinking-and-answering` is the time of a reply that was not streamed: nothing shows
 * when thinking ended.
 */
export type SegmentKind = 'wait' | 'failed' | 'thinking' | 'answering' | 'thinking-and-answering';

/** A part of an act's time. */
export interface Segment {
  kind: SegmentKind;
  /** From the start of the first act. */
  startMs: number;
  durationMs: number;
}

/** When an act ran, and how it spent its time. */
export interface ReportTiming {
  /** From the start of the first act. */
  startMs: number;
  durationMs: number;
  segments: readonly Segment[];
  /** The sum of the waits. */
  waitMs: number;
  /** From the start of the act; only with streaming. */
  firstTokenMs?: number;
}

/** What the times of an act are relative to. */
export interface TimingContext {
  /**
   * When the act before this one ended, from the start of the first act. Used if the start of this act was not
   * recorded.
   */
  previousEndMs: number;
  /** When the first act started, in milliseconds since the epoch, if it was recorded. */
  firstStartedAt: number | undefined;
}

/** The measured or estimated times of an act, counted from its start. */
interface TimesFromStart {
  durationMs: number;
  waits: readonly { startMs: number; durationMs: number }[];
  /** When attempts failed. */
  failedAtMs: readonly number[];
  firstTokenMs?: number;
}

/**
 * Derives the times of an act from what was recorded. For an act that an older version recorded, some times are
 * estimated, because older versions recorded only the sum of the planned waits.
 */
export function toReportTiming(
  act: Record<string, unknown>,
  { previousEndMs, firstStartedAt }: TimingContext,
): ReportTiming {
  const timing = isRecord(act.timing) ? act.timing : undefined;
  const end = isRecord(act.end) ? act.end : undefined;
  const times = timing ? readMeasuredTimes(timing, end !== undefined) : estimateTimes(end ?? {});
  const startedAt = timing?.startedAt;
  const start =
    isAmount(startedAt) && firstStartedAt !== undefined ? Math.max(0, startedAt - firstStartedAt) : previousEndMs;
  const { durationMs, waits, firstTokenMs } = times;
  return {
    ...{ startMs: start, durationMs, waitMs: waits.reduce((sum, wait) => sum + wait.durationMs, 0) },
    segments: splitTime(times).map((segment) => ({ ...segment, startMs: start + segment.startMs })),
    ...(firstTokenMs !== undefined && { firstTokenMs }),
  };
}

function readMeasuredTimes(timing: Record<string, unknown>, hasReply: boolean): TimesFromStart {
  const durationMs = toAmount(timing.durationMs);
  // The stored name of the times of failed attempts is `retriesMs`.
  const { firstTokenMs, retriesMs: failedAtMs } = timing;
  const waits = toRecords(timing.waits).map((wait) => ({
    startMs: Math.min(toAmount(wait.startMs), durationMs),
    durationMs: Math.min(toAmount(wait.durationMs), durationMs),
  }));
  return {
    ...{ durationMs, waits: waits.sort((one, other) => one.startMs - other.startMs) },
    // The last attempt of an act without a reply failed too.
    failedAtMs: [...toList(failedAtMs).filter(isAmount), ...(hasReply ? [] : [durationMs])],
    ...(isAmount(firstTokenMs) && { firstTokenMs: Math.min(firstTokenMs, durationMs) }),
  };
}

/** Estimates the times of an act for which no waits were measured: all waits are taken to be at its start. */
function estimateTimes({ durationMs, waitMs, firstTokenMs }: Record<string, unknown>): TimesFromStart {
  const duration = toAmount(durationMs);
  const firstToken = isAmount(firstTokenMs) ? Math.min(firstTokenMs, duration) : undefined;
  const wait = Math.min(toAmount(waitMs), firstToken ?? duration);
  return {
    ...{ durationMs: duration, waits: wait > 0 ? [{ startMs: 0, durationMs: wait }] : [], failedAtMs: [] },
    ...(firstToken !== undefined && { firstTokenMs: firstToken }),
  };
}

/**
 * Splits the time of an act at its waits, at failed attempts and at its first text. Here, the `startMs` of a segment
 * counts from the start of this act, and not yet from the start of the first act.
 */
function splitTime({ durationMs, waits, failedAtMs, firstTokenMs }: TimesFromStart): Segment[] {
  const segments: Segment[] = [];
  const add = (kind: SegmentKind, from: number, to: number) => {
    if (to > from) segments.push({ kind, startMs: from, durationMs: to - from });
  };
  const addWork = (from: number, to: number) => {
    let start = from;
    for (const failedAt of failedAtMs.filter((time) => time > from && time <= to)) {
      add('failed', start, failedAt);
      start = failedAt;
    }
    if (firstTokenMs === undefined) return add('thinking-and-answering', start, to);
    const split = Math.min(Math.max(firstTokenMs, start), to);
    add('thinking', start, split);
    add('answering', split, to);
  };
  let at = 0;
  for (const wait of waits) {
    addWork(at, wait.startMs);
    const end = Math.min(wait.startMs + wait.durationMs, durationMs);
    add('wait', Math.max(at, wait.startMs), end);
    at = Math.max(at, end);
  }
  addWork(at, durationMs);
  return segments;
}
