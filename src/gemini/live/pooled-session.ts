import type { CallContext, Lease } from '../../driver/driver.js';
import type { GenerateRequest, Turn } from '../../driver/request.js';
import { BoticelliError } from '../../errors.js';
import type { Connection } from '../connection.js';
import { classifyNetworkError } from '../errors/classify-network-error.js';
import { createTooLargeResponseError } from '../errors/invalid-response.js';
import type { CallOptions } from '../rest/call-options.js';
import { createRequestTimeouts } from '../rest/request-timeouts.js';
import { maxBodyBytes } from '../transport/body-limit.js';
import { classifyErrorResponse } from './classify-connection-end.js';
import { createLiveConfig, createSetupKey } from './convert-request.js';
import type { LiveMode } from './options.js';
import { type LiveSession, type OpenResult, openLiveSession } from './session.js';

/** The options of the Live driver with their defaults, and its connection. */
export interface ResolvedLiveOptions extends CallOptions {
  connection: Connection;
  setupTimeoutMs: number;
  idleSessionMs: number;
}

/** A call that needs a session. */
export interface SessionRequest {
  /** The model name in the request has no `models/` prefix. */
  request: GenerateRequest;
  /** How the model takes prompts and sends replies. */
  mode: LiveMode;
  context: CallContext;
  /** Called with the time that a setup took. */
  addSetupMs: (durationMs: number) => void;
}

/** A Live session that is borrowed for one turn, with the conversation that it already holds. */
export interface BorrowedSession {
  session: LiveSession;
  /** The turns that the server has seen, model replies included. */
  readonly history: readonly Turn[];
  /** Returns the session to the pool with its new history; it stays open for `idleSessionMs`. */
  release(history: readonly Turn[]): void;
  /** Closes the session mid-turn and removes it from the pool. */
  closeAndRemove(): void;
  /**
   * Closes a session whose connection was lost mid-turn. The session stays in the pool until another session resumes or
   * replaces it.
   */
  closeForReplacement(): void;
  /**
   * Marks the session so that it takes no further turn. If the conversation continues, the pool closes the session and
   * opens another one. Call this if a late message could be taken for a part of the next turn: after `release`, or
   * instead of `release` if the turn was not sent.
   * @param reason why the session is retired; the pool's `note` event about the new session begins with this text
   */
  retire(reason: string): void;
}

/** A session as the pool sees it. */
export interface PooledSession extends BorrowedSession {
  /** Identifies the setup of the session. */
  setupKey: string;
  /** Whether a turn is running. */
  readonly isBusy: boolean;
  /** Why the session was retired. Undefined if it may take another turn. */
  readonly retirementReason: string | undefined;
  /**
   * Whether the session was opened with earlier turns. A session that resumes another one takes over its value.
   */
  hasSeededHistory: boolean;
  /** Resolves when the session has ended and its concurrency slot is released. */
  slotReleased: Promise<void>;
  /** Reserves the session for another turn, and stops its idle timer. */
  borrow(): void;
}

/** The resumption of an earlier session. */
export interface Resumption {
  previous: PooledSession;
  handle: string;
  /** How many prompts, each with its reply, the handle includes. */
  answeredPrompts: number;
}

/** The options of `openPooledSession`. */
export interface PooledSessionOptions {
  sessionRequest: SessionRequest;
  resumption: Resumption | undefined;
  liveOptions: ResolvedLiveOptions;
  /** Called by `closeAndRemove`. The pool must remove the session. */
  onRemove: (session: PooledSession) => void;
  /** Called when the session has had no turn for `idleSessionMs`. */
  onIdleTimeout: (session: PooledSession) => void;
}

/**
 * Acquires a concurrency slot and opens a session, which holds the slot until it ends.
 * @throws BoticelliError `timeout` if the setup takes too long, or the reason of the caller's signal
 */
export async function openPooledSession(options: PooledSessionOptions): Promise<OpenResult<PooledSession>> {
  const { request, context } = options.sessionRequest;
  const lease = await context.acquireSlot?.(request.model);
  let isOpen = false;
  try {
    const opened = await openWithTimeout(options);
    if (!opened.ok) return opened;
    isOpen = true;
    const slotReleased = opened.session.closed.then(() => releaseLease(lease));
    return { ok: true, session: createPooledSession(opened.session, slotReleased, options) };
  } finally {
    if (!isOpen) await releaseLease(lease);
  }
}

async function openWithTimeout({
  sessionRequest: { request, mode, context, addSetupMs },
  liveOptions: { connection, clock, setupTimeoutMs, timeoutMs },
  resumption,
}: PooledSessionOptions): Promise<OpenResult<LiveSession>> {
  const { host, url } = connection;
  const { model } = request;
  const live = await connection.getLiveApi();
  const route = await connection.resolveRoute(url.href.replace(/^http/, 'ws'));
  const limitMs = Math.min(setupTimeoutMs, timeoutMs);
  const startedAt = performance.now();
  const timeouts = createRequestTimeouts({ signal: context.signal, timeoutMs: limitMs, idleTimeoutMs: limitMs });
  timeouts.startDeadline();
  try {
    return await openLiveSession({
      ...{ live, model, clock, resumption, agent: route?.agent, signal: timeouts.signal },
      config: createLiveConfig(request, mode, resumption?.handle),
      announcesHistoryInSetup: mode.promptsAs === 'realtimeInput' && !resumption && request.turns.length > 1,
      createTooLargeError: () => createTooLargeResponseError(host, maxBodyBytes),
      classifyConnectError: (thrown) => classifyNetworkError(thrown, host),
      classifyErrorResponse: (response) => classifyErrorResponse(response, { connection, model, now: clock.now() }),
    });
  } catch (thrown) {
    context.signal?.throwIfAborted();
    if (!timeouts.signal.aborted) throw thrown;
    throw new BoticelliError('timeout', `${host} did not set up a session within ${limitMs / 1000} s`, {
      hint: 'The request was not sent. Try again later, or use another model.',
    });
  } finally {
    timeouts.close();
    addSetupMs(performance.now() - startedAt);
  }
}

/** Releases a concurrency slot. Errors are ignored, because the slot becomes free by itself seconds later. */
async function releaseLease(lease: Lease | undefined): Promise<void> {
  await lease?.release().catch(() => {});
}

function createPooledSession(
  session: LiveSession,
  slotReleased: Promise<void>,
  { sessionRequest: { request, mode }, resumption, liveOptions, onRemove, onIdleTimeout }: PooledSessionOptions,
): PooledSession {
  let history = resumption?.previous.history ?? [];
  let isBusy = true;
  let retirementReason: string | undefined;
  let idleTimer: NodeJS.Timeout | undefined;
  const pooled: PooledSession = {
    session,
    slotReleased,
    setupKey: createSetupKey(request, mode),
    hasSeededHistory: resumption ? resumption.previous.hasSeededHistory : request.turns.length > 1,
    get history() {
      return history;
    },
    get isBusy() {
      return isBusy;
    },
    get retirementReason() {
      return retirementReason;
    },
    release(turns) {
      history = turns;
      isBusy = false;
      session.markIdle();
      // Neither this timer nor the idle session keeps the process alive.
      idleTimer = setTimeout(() => onIdleTimeout(pooled), liveOptions.idleSessionMs).unref();
    },
    borrow() {
      clearTimeout(idleTimer);
      isBusy = true;
    },
    closeAndRemove() {
      onRemove(pooled);
      session.terminate();
    },
    closeForReplacement() {
      isBusy = false;
      session.terminate();
    },
    retire(reason) {
      retirementReason = reason;
      isBusy = false;
    },
  };
  return pooled;
}
