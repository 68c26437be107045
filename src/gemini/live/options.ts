import type { BoticelliDriver } from '../../driver/driver.js';
import type { ModelListCache } from '../models/model-info.js';
import type { CallOptions } from '../rest/call-options.js';

/** How a model takes prompts and replies. Learned from close code 1007, with which a model rejects the other modes. */
export interface ResponseMode {
  /** Text, or speech with its transcript as the text. */
  replies: 'TEXT' | 'AUDIO';
  /** `clientContent` with all turns, or `realtimeInput.text` with earlier turns as history. */
  prompts: 'content' | 'realtime';
}

/** Stores response modes for longer than a driver exists. */
export interface ResponseModeCache {
  get(model: string): ResponseMode | undefined | Promise<ResponseMode | undefined>;
  set(model: string, mode: ResponseMode): void | Promise<void>;
}

/** Options of the Live driver besides the connection. */
export interface LiveOptions extends Partial<CallOptions> {
  /** Time limit for the setup of a session, within `timeoutMs`. Default 20 000. */
  setupTimeoutMs?: number;
  /** How long a session without a turn stays open. Default 10 000. */
  idleSessionMs?: number;
  responseModeCache?: ResponseModeCache;
  /** The cached model list. With it, the error of an unknown model names similar ones. */
  modelListCache?: ModelListCache;
}

/** A driver for the Live API, whose sessions outlive a call. */
export interface LiveDriver extends BoticelliDriver {
  /** Closes the sessions without a running turn. Resolves when their slots are released. */
  closeIdleSessions(): Promise<void>;
}
