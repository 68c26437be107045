import type { DriverEvent } from './driver-events.js';
import type { GenerateRequest } from './request.js';
import type { GenerateResponse, StreamChunk } from './response.js';

/** What accompanies one call on its way down the stack, and is no part of the request itself. */
export interface CallContext {
  /** Aborting ends the call at once and closes its connection; the call rejects with the signal's reason. */
  signal?: AbortSignal;
  /** Tells what happens on the way: waits, retries. No layer prints. */
  emit?: (event: DriverEvent) => void;
  /**
   * Asked when a streamed attempt fails after it yielded text: may that text still be taken back, so that another
   * attempt can start anew? Without it the answer is no, for attempts are never joined.
   */
  canDiscard?: () => boolean;
  /** Resolves when the request may leave; to be awaited just before it does. Rejects where it may not, after all. */
  beforeSending?: () => Promise<void>;
  /** The models to turn to when this one's quota is used up, as the act or its narrative names them. */
  fallback?: readonly string[];
}

/**
 * One way to have a model answer. The Gemini driver is one, and so is every layer around it: a layer wraps a driver,
 * does one thing, and knows nothing of its neighbours.
 */
export interface BoticelliDriver {
  /** Sends the request and resolves to the whole reply. Rejects with a BoticelliError. */
  generate(request: GenerateRequest, context?: CallContext): Promise<GenerateResponse>;
  /**
   * Sends the request and yields the reply's text as it comes. The last chunk alone is `finished` and carries the
   * whole response. Throws a BoticelliError; leaving the loop early closes the connection.
   */
  generateStream(request: GenerateRequest, context?: CallContext): AsyncIterable<StreamChunk>;
  /**
   * Loads what the first call needs, without a network, so that a call that is to leave at a certain moment leaves then.
   * Calling it is never necessary. Rejects as the call itself would.
   */
  prepare?(): Promise<void>;
  /**
   * Ends what outlives a call: a session, files that were sent ahead. To be called once, after the last call, however
   * that ended; every layer hands it down. Never rejects.
   */
  close?(): Promise<void>;
  /**
   * Whether the driver itself takes the model's place at the Gate, for a session that outlives a call. Where it is absent
   * it does not. Where that must be found out first it is a promise.
   */
  managesConcurrency?(model: string): boolean | Promise<boolean>;
  /** Whether `generateStream` can be tried for the model; without a network. */
  supportsStreaming(model: string): boolean;
}
