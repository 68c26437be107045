import type { BoticelliDriver } from '../../driver/driver.js';
import type { ModelListCache } from '../models/model-info.js';
import type { CallOptions } from '../rest/call-options.js';

/**
 * How a Live model takes prompts and sends replies. It is learned by trying: the service closes a session with a mode
 * that the model does not support, usually with code 1007.
 */
export interface LiveMode {
  replyModality: ReplyModality;
  /** `clientContent` with all turns, or `realtimeInput.text` with earlier turns as history. */
  promptsAs: 'clientContent' | 'realtimeInput';
}

/** How a model replies: in text, or in speech with its transcript as the text. */
export type ReplyModality = 'TEXT' | 'AUDIO';

/** Stores the modes of Live models beyond the lifetime of a driver. */
export interface LiveModeCache {
  get(model: string): LiveMode | undefined | Promise<LiveMode | undefined>;
  set(model: string, mode: LiveMode): void | Promise<void>;
}

/** Options of the Live driver besides the connection. */
export interface LiveOptions extends Partial<CallOptions> {
  /** Time limit for the setup of a session, within `timeoutMs`. Default 20 000. */
  setupTimeoutMs?: number;
  /** How long a session without a turn stays open. Default 10 000. */
  idleSessionMs?: number;
  /** Keeps how Live models take prompts and send replies. Default: each driver finds that out again. */
  liveModeCache?: LiveModeCache;
  /** The cached model list. If present, the error for an unknown model suggests similar names from it. */
  modelListCache?: ModelListCache;
}

/** A driver for the Live API. Its sessions stay open between calls. */
export interface LiveDriver extends BoticelliDriver {
  /** Closes the sessions that have no running turn. Resolves when their concurrency slots are released. */
  closeIdleSessions(): Promise<void>;
}
