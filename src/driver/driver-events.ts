import type { ErrorReport } from '../errors.js';
import type { BilledUsage } from './cost.js';

/** Why a call waits before its next attempt. */
export type WaitReason = 'rpm' | 'tpm' | 'rpd' | 'concurrency' | 'backoff';

/** What a layer tells of a call. The executor says of which act. */
export type DriverEvent = RetryEvent | WaitEvent | FallbackEvent | NoteEvent | UsageEvent;

/** An attempt failed and another one follows. */
export interface RetryEvent {
  type: 'retry';
  /** The attempt that failed, counted from 1. */
  attempt: number;
  /** The pause before the next attempt. */
  delayMs: number;
  error: ErrorReport;
  /** True where text of the failed attempt was handed out: it is void and must be forgotten. */
  discard: boolean;
}

/** The call pauses, for a reason that is known, until a moment that is known. */
export interface WaitEvent {
  type: 'wait';
  model: string;
  reason: WaitReason;
  waitMs: number;
  /** ISO 8601 in UTC. */
  until: string;
  /** True where the limit is a built-in guess, which the service may not share. */
  guessed?: boolean;
}

/** Another model is asked in place of the one that was. */
export interface FallbackEvent {
  type: 'fallback';
  from: string;
  to: string;
  /** Why, in words: the quota is used up, or a model in between can't take the request. */
  reason: string;
}

/** Something else happened that a person should know of: a session was opened anew, a file is sent ahead. */
export interface NoteEvent {
  type: 'note';
  about: 'session' | 'upload' | 'download' | 'reply';
  /** In words, without a full stop. */
  message: string;
}

/** Something was paid for that no reply tells of: an answer of no use, or an attempt that broke off. */
export interface UsageEvent extends BilledUsage {
  type: 'spent';
  /** The model that served. */
  model: string;
}
