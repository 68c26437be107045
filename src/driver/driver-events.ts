import type { ErrorReport } from '../errors.js';
import type { ServiceTier } from '../facts/service-tiers.js';
import type { BilledUsage } from './cost.js';
import type { TokenDetails } from './response.js';

/**
 * Why a call waits: for the limit of requests per minute, of tokens per minute, of requests per day or of concurrent
 * requests, or because an attempt failed.
 */
export type WaitReason = 'rpm' | 'tpm' | 'rpd' | 'concurrency' | 'backoff';

/** An event that a driver or a layer reports during a call. The executor adds the name of the act. */
export type DriverEvent = RetryEvent | WaitEvent | FallbackEvent | NoteEvent | ThoughtEvent | HopEvent | UsageEvent;

/** An attempt failed and another one follows. */
export interface RetryEvent {
  type: 'retry';
  /** The attempt that failed, counted from 1. */
  attempt: number;
  /** The pause before the next attempt. */
  delayMs: number;
  error: ErrorReport;
  /** True if the failed attempt yielded text. The receiver of the text must discard it. */
  discard: boolean;
  /**
   * With `discard`: the length of the text to keep, in UTF-16 units from the start of the reply. It is the text of the
   * finished hops of a long reply. Default 0.
   */
  keepChars?: number;
}

/** The call waits. */
export interface WaitEvent {
  type: 'wait';
  model: string;
  reason: WaitReason;
  waitMs: number;
  /** ISO 8601 in UTC. */
  until: string;
  /** True if the limit is a built-in guess, which may differ from the service's limit. */
  guessed?: boolean;
  /** With `guessed`: the limit, in requests or tokens per minute, or in concurrent requests. */
  limit?: number;
  /**
   * True if all models of the project pause, because of the project's spend-based limit. `reason` is then `backoff`.
   */
  isProjectWide?: boolean;
}

/** The request goes to another model, or to another service tier of the same model. */
export interface FallbackEvent {
  type: 'fallback';
  /** The previous model; if the service tier changes, with the tier: `gemini-x (flex)`. */
  from: string;
  /** The next model, in the same form. */
  to: string;
  /** A sentence without a period: which quota is used up, which models were skipped, or why the tier was refused. */
  reason: string;
  /** The next service tier. Present only if the tier changes: the request was then refused in the previous tier. */
  serviceTier?: ServiceTier;
}

/** Other information for the user, for example that a session was reopened or a file is being uploaded. */
export interface NoteEvent {
  type: 'note';
  about: 'session' | 'upload' | 'download' | 'reply';
  /** A sentence without a period. */
  message: string;
  /** True if something is missing from the reply, or may be. */
  warning?: boolean;
}

/** A summary of the model's thoughts, or a piece of one in a stream. Only for requests with `includeThoughts`. */
export interface ThoughtEvent {
  type: 'thought';
  text: string;
}

/** A hop of a long reply ended, and the next hop follows. */
export interface HopEvent {
  type: 'hop';
  /** Which part of the reply the hop returned, counted from 1. */
  part: number;
  /** A sentence without a period. */
  message: string;
  /** True if the hop was reused from an earlier run, so that no request was sent. */
  reused: boolean;
}

/**
 * Billed tokens of a reply that the caller does not receive, for example an invalid or an interrupted one. No such
 * event reports the tokens of a reply that the caller receives: they are in the `usage` of the response.
 */
export interface UsageEvent extends BilledUsage {
  type: 'spent';
  /** The model that served the request. */
  model: string;
  tokenDetails?: TokenDetails;
}
