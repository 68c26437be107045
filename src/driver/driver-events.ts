import type { ErrorReport } from '../errors.js';
import type { BilledUsage } from './cost.js';

/** Why a call waits before its next attempt. */
export type WaitReason = 'rpm' | 'tpm' | 'rpd' | 'concurrency' | 'backoff';

/** What a driver or a layer reports during a call. The executor adds the act. */
export type DriverEvent = RetryEvent | WaitEvent | FallbackEvent | NoteEvent | UsageEvent;

/** An attempt failed and another one follows. */
export interface RetryEvent {
  type: 'retry';
  /** The attempt that failed, counted from 1. */
  attempt: number;
  /** The pause before the next attempt. */
  delayMs: number;
  error: ErrorReport;
  /** True if the failed attempt yielded text, which is now void. */
  discard: boolean;
}

/** The call waits. */
export interface WaitEvent {
  type: 'wait';
  model: string;
  reason: WaitReason;
  waitMs: number;
  /** ISO 8601 in UTC. */
  until: string;
  /** True if the limit is a built-in guess, which may differ from the service's. */
  guessed?: boolean;
}

/** The request goes to another model. */
export interface FallbackEvent {
  type: 'fallback';
  from: string;
  to: string;
  /** A sentence without a period: which quota is used up, and which models were skipped. */
  reason: string;
}

/** Other news for the user: a session was reopened, a file is being uploaded. */
export interface NoteEvent {
  type: 'note';
  about: 'session' | 'upload' | 'download' | 'reply';
  /** A sentence without a period. */
  message: string;
}

/** Billed tokens that are not in the usage of any reply: of an invalid reply, or of an interrupted attempt. */
export interface UsageEvent extends BilledUsage {
  type: 'spent';
  /** The model that served the request. */
  model: string;
}
