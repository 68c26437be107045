import type { ConcurrencyLimiter } from '../../driver/concurrency-limiter.js';
import type { BoticelliDriver } from '../../driver/driver.js';
import type { ModelListCache } from '../models/model-info.js';
import type { CallOptions } from '../rest/call-options.js';

/** How a model wants to be talked to; learned from what it refuses with close code 1007. */
export interface ResponseMode {
  /** What its replies are made of: text, or speech whose transcript is the text. */
  replies: 'TEXT' | 'AUDIO';
  /** What a prompt goes in as: `clientContent` with turns, or `realtimeInput.text`, the turns before it as history. */
  prompts: 'content' | 'realtime';
}

/** Where manners are remembered for longer than a driver lives. */
export interface ResponseModeCache {
  get(model: string): ResponseMode | undefined | Promise<ResponseMode | undefined>;
  set(model: string, mode: ResponseMode): void | Promise<void>;
}

/** What the Live driver takes beside a connection. */
export interface LiveOptions extends Partial<CallOptions> {
  /** Bounds the setting up of a session, within `timeoutMs`. Default 20 000. */
  setupTimeoutMs?: number;
  /** After how long without a turn a session is ended. Default 10 000. */
  idleSessionMs?: number;
  /** Where a session takes its place, for as long as it lasts. */
  concurrencyLimiter?: ConcurrencyLimiter;
  responseModeCache?: ResponseModeCache;
  /** What is known of the service's list of models. With it, the list explains a model that the service does not know. */
  modelListCache?: ModelListCache;
}

/** The driver for the Live API, whose sessions outlive a call. */
export interface LiveDriver extends BoticelliDriver {
  /** Ends the sessions that have no turn under way, and resolves when their places are given back. */
  closeIdleSessions(): Promise<void>;
}
