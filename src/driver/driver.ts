import type { DriverEvent } from './driver-events.js';
import type { GenerateRequest } from './request.js';
import type { GenerateResponse, StreamChunk } from './response.js';

/** What accompanies a call through the driver stack without being part of the request. */
export interface CallContext {
  /** Aborting ends the call at once and closes its connection. The call rejects with the signal's reason. */
  signal?: AbortSignal;
  /** Receives waits, retries and other events of the call. Drivers and layers never print. */
  emit?: (event: DriverEvent) => void;
  /**
   * Whether text that was already yielded can still be discarded. Called when a streamed attempt fails after its first
   * text, because a retry starts from the beginning. Default: no.
   */
  canDiscard?: () => boolean;
  /** Awaited just before the request is sent. Rejects if the request must not be sent. */
  beforeSending?: () => Promise<void>;
  /**
   * Acquires a concurrency slot, for a session that outlives the call. Waits until one is free, and rejects with the
   * signal's reason. Present only for drivers that manage concurrency, and only if it is limited.
   */
  acquireSlot?: (model: string) => Promise<Lease>;
  /** The fallback models that the act or its narrative names. */
  fallback?: readonly string[];
}

/** A concurrency slot that was acquired. If its process dies, the slot becomes free within seconds. */
export interface Lease {
  release(): Promise<void>;
}

/**
 * Gets replies from models. The Gemini driver implements it, and so does each layer: a layer wraps a driver, has one
 * concern, and does not know its neighbours.
 */
export interface BoticelliDriver {
  /**
   * Sends the request and resolves to the complete reply.
   * @throws BoticelliError, or the reason of the caller's signal
   */
  generate(request: GenerateRequest, context?: CallContext): Promise<GenerateResponse>;
  /**
   * Sends the request and yields the reply's text as it arrives. Only the last chunk is `finished`; it carries the
   * complete response. Leaving the loop early closes the connection.
   * @throws BoticelliError, or the reason of the caller's signal
   */
  generateStream(request: GenerateRequest, context?: CallContext): AsyncIterable<StreamChunk>;
  /**
   * Loads what the first call needs, without network access, so that a call scheduled for a moment is sent at that
   * moment. Optional to call. Rejects as the call itself would.
   */
  prepare?(): Promise<void>;
  /**
   * Releases what outlives a call: sessions, uploaded files. Call it once, after the last call, even if that failed.
   * Never rejects.
   */
  close?(): Promise<void>;
  /**
   * Whether the driver acquires slots with `context.acquireSlot` for its sessions. Default: false, so the caller holds
   * a slot during each call. A promise if the driver has to look the model up first.
   */
  managesConcurrency?(model: string): boolean | Promise<boolean>;
  /** Whether `generateStream` may be called for the model. Needs no network. */
  supportsStreaming(model: string): boolean;
}
