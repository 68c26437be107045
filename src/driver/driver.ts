import type { DriverEvent, WaitReason } from './driver-events.js';
import type { GenerateRequest } from './request.js';
import type { GenerateResponse, StreamChunk } from './response.js';

/** The data and callbacks that are passed with a call through the driver stack but are not part of the request. */
export interface CallContext {
  /** Aborting ends the call at once and closes its connection. The call rejects with the signal's reason. */
  signal?: AbortSignal;
  /** Receives waits, retries and other events of the call. Drivers and layers never print. */
  emit?: (event: DriverEvent) => void;
  /** Receives each wait when it has ended, with its real length. */
  onWaited?: (wait: MeasuredWait) => void;
  /**
   * Whether text that was already yielded can still be discarded. Called when a streamed attempt fails after its first
   * text, because a retry would yield the whole reply again. Default: false.
   */
  canDiscard?: () => boolean;
  /** Awaited just before the request is sent. Rejects if the request must not be sent. */
  beforeSending?: () => Promise<void>;
  /**
   * Acquires a concurrency slot for a session that outlives the call. Waits until a slot is free. Rejects with the
   * signal's reason on abort. Present if a layer limits concurrency and the driver's `acquiresOwnSlots` returns true.
   */
  acquireSlot?: (model: string) => Promise<Lease>;
  /**
   * Set by a layer that stores replies, for layers that store parts of replies. Equal requests have the same `key`.
   * `occurrence` numbers the acts of one run that send equal requests. An act that sends its request again keeps its
   * number. `instance` is the `id` of `rowIdentity`, if present; recordings store the `id` under the name `instance`.
   */
  requestId?: { key: string; occurrence: number; instance?: string };
  /** The row for which the request is sent: the `rowIdentity` of `ExecuteOptions`. */
  rowIdentity?: RowIdentity;
  /**
   * The position of the call in its run. An act that sends its request again, for example after a failure, keeps its
   * position. So the request keeps its `occurrence`.
   */
  position?: CallPosition;
  /** The fallback models that the act or its narrative names. */
  fallback?: readonly string[];
  /** Checks the reply. It is not part of the request, so that a stored reply can be checked in another way later. */
  findMismatches?: FindMismatches;
}

/** A wait that has ended. */
export interface MeasuredWait {
  model: string;
  reason: WaitReason;
  /** Milliseconds since the epoch. */
  startedAt: number;
  durationMs: number;
}

/**
 * Lists how the text of a reply differs from what the caller expects, in a few words each; empty if it does not.
 * Rejects with the signal's reason after an abort, and with a BoticelliError `timeout` after `timeoutMs`.
 */
export type FindMismatches = (
  text: string,
  limits: { signal?: AbortSignal | undefined; timeoutMs?: number | undefined },
) => Promise<readonly string[]>;

/**
 * Identifies a row; with `--matrix`, a row with one combination. Equal requests of different rows are told apart by the
 * id, and not by the order in which they arrive. Equal requests that several acts send for one row are told apart by
 * their `occurrence`.
 */
export interface RowIdentity {
  /** A row keeps its id from one run of the command to the next, so that a later run finds its replies. */
  readonly id: string;
}

/** The position of a call in a run. */
export interface CallPosition {
  /** The same object in all calls of the run. */
  run: object;
  /** Counts from 0 in the order of the acts. */
  index: number;
}

/**
 * A concurrency slot that was acquired: the right to one open call or session of a model. If the process that holds the
 * slot dies, the slot becomes free within seconds.
 */
export interface Lease {
  release(): Promise<void>;
}

/**
 * Gets replies from models. The Gemini driver and each layer implement this interface. A layer wraps another driver,
 * has one concern, and does not depend on the other layers.
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
   * Loads what the first call needs, without network access, so that loading does not delay a scheduled call. Calling
   * it is optional. Rejects with the same error as the call itself would.
   */
  prepare?(): Promise<void>;
  /**
   * Releases what outlives a call, such as sessions and uploaded files. Call it once, after the last call, even if the
   * last call failed. Never rejects.
   */
  close?(): Promise<void>;
  /**
   * Whether the driver itself acquires concurrency slots for its sessions, with `context.acquireSlot`. Default: false.
   * If false, the caller holds a slot during each call. Returns a promise if the driver has to look up the model first.
   */
  acquiresOwnSlots?(model: string): boolean | Promise<boolean>;
  /**
   * Counts the prompt tokens of a request with the service, which costs nothing. Resolves to undefined if the service
   * can't count them for this model. Optional.
   */
  countTokens?(request: GenerateRequest, context?: CallContext): Promise<number | undefined>;
  /** Whether `generateStream` may be called for the model. Needs no network. */
  supportsStreaming(model: string): boolean;
}
