import type { CallContext } from '../../driver/driver.js';
import { reportUsage } from '../../driver/layers/usage-events.js';
import type { GenerateRequest } from '../../driver/request.js';
import type { StreamChunk } from '../../driver/response.js';
import { abortable } from '../../util/abortable.js';
import { once } from '../../util/once.js';
import { createStreamInterruptedError } from '../errors/invalid-response.js';
import { getTokenMetadata } from '../rest/collect-response.js';
import { createRequestTimeouts, type RequestTimeouts } from '../rest/request-timeouts.js';
import { classifyCloseReason, isConnectionLoss } from './classify-close-reason.js';
import { createLiveReplyCollector, type LiveReplyCollector } from './collect-response.js';
import { convertTurns } from './convert-request.js';
import type { BorrowedSession, ResolvedLiveOptions } from './pooled-session.js';
import type { ResponseModeSearch } from './response-mode.js';
import type { SessionPool } from './session-pool.js';
import type { CloseReason } from './socket.js';

/** One call, and everything that it needs. */
interface StreamLiveReplyOptions {
  /** The model name in the request has no `models/` prefix. */
  request: GenerateRequest;
  context: CallContext;
  liveOptions: ResolvedLiveOptions;
  pool: SessionPool;
  modeSearch: ResponseModeSearch;
}

/** The state of a call over all its sessions. */
interface CallProgress {
  setupMs: number;
  /** Calls `beforeSending` once, even if the call needs several sessions. */
  beforeSendingOnce: () => Promise<void>;
  wasReopened: boolean;
}

/**
 * Carries out a call. Opens another session each time the model rejects the response mode, and at most once if the
 * session is lost before the reply begins.
 */
export async function* streamLiveReply(options: StreamLiveReplyOptions): AsyncGenerator<StreamChunk> {
  const { request, context, pool, modeSearch } = options;
  const beforeSendingOnce = once(async () => context.beforeSending?.());
  const progress: CallProgress = { setupMs: 0, beforeSendingOnce, wasReopened: false };
  const addSetupMs = (durationMs: number) => {
    progress.setupMs += durationMs;
  };
  for (;;) {
    const acquired = await pool.acquire({ request, mode: modeSearch.current, context, addSetupMs });
    if (!acquired.ok) {
      if (!modeSearch.tryNext(acquired.reason, 'setup')) throw createCloseError(acquired.reason, 'setup', '', options);
      continue;
    }
    const borrowed = acquired.session;
    const closeReason = yield* runTurn(borrowed, options, progress);
    if (closeReason === undefined) return;
    if (isConnectionLoss(closeReason) && !progress.wasReopened) {
      progress.wasReopened = true;
      borrowed.markLost();
      continue;
    }
    borrowed.abandon();
    if (!modeSearch.tryNext(closeReason, 'turn')) throw createCloseError(closeReason, 'turn', '', options);
  }
}

/** Runs the turn in a session. Returns why the session ended before the reply began, or undefined after the reply. */
async function* runTurn(
  borrowed: BorrowedSession,
  options: StreamLiveReplyOptions,
  { setupMs, beforeSendingOnce }: CallProgress,
): AsyncGenerator<StreamChunk, CloseReason | undefined> {
  const { request, context, liveOptions, modeSearch } = options;
  const collector = createLiveReplyCollector(request.model);
  let timeouts: RequestTimeouts | undefined;
  let isComplete = false;
  try {
    const liveTurn = convertTurns(request.turns.slice(borrowed.history.length), request, modeSearch.current);
    await abortable(beforeSendingOnce(), context.signal);
    timeouts = createRequestTimeouts({ signal: context.signal, ...liveOptions, elapsedMs: setupMs });
    timeouts.markSent();
    // Closes the session at once, even while the caller does not read the stream.
    timeouts.signal.addEventListener('abort', borrowed.abandon);
    if (!borrowed.session.closeReason) borrowed.session.send(liveTurn);
    const closeReason = yield* receiveReply(borrowed, collector, timeouts, options);
    isComplete = true;
    timeouts.markComplete();
    if (closeReason) return closeReason;
    const response = collector.buildResponse();
    await modeSearch.confirm();
    borrowed.release([...request.turns, response.turn]);
    const { finishReason } = response;
    yield { text: '', finished: true, metadata: { ...getTokenMetadata(collector), finishReason }, response };
    return undefined;
  } catch (thrown) {
    isComplete = false;
    reportUsage(context, collector.billed);
    throw timeouts?.signal.aborted ? timeouts.signal.reason : thrown;
  } finally {
    timeouts?.close();
    // The call was aborted, failed, or was ended early by the caller, so the rest of the reply is not needed.
    if (!isComplete) borrowed.abandon();
  }
}

/** Yields the reply's text up to the end of the turn. Returns why the session ended before the reply began. */
async function* receiveReply(
  { session }: BorrowedSession,
  collector: LiveReplyCollector,
  timeouts: RequestTimeouts,
  options: StreamLiveReplyOptions,
): AsyncGenerator<StreamChunk, CloseReason | undefined> {
  while (!collector.progress.isComplete) {
    // The service delays the end of a turn by the time that playing its speech takes. That pause does not count as
    // idle.
    if (!collector.progress.isGenerated) timeouts.markWaiting();
    const message = await abortable(session.nextMessage(), timeouts.signal);
    if (!message) {
      const closeReason = session.closeReason as CloseReason;
      if (!collector.progress.hasBegun) return closeReason;
      throw createCloseError(closeReason, 'turn', collector.text, options);
    }
    const text = collector.add(message);
    if (message.serverContent) timeouts.markReceived();
    if (text !== '') yield { text, finished: false, metadata: getTokenMetadata(collector) };
    // Text that arrived before an abort is not yielded after the abort.
    timeouts.signal.throwIfAborted();
    if (collector.progress.wasInterrupted) {
      throw createStreamInterruptedError('the service interrupted its reply', collector.text);
    }
  }
  return undefined;
}

function createCloseError(
  closeReason: CloseReason,
  phase: 'setup' | 'turn',
  partialText: string,
  { request: { model }, liveOptions: { connection, clock } }: StreamLiveReplyOptions,
) {
  return classifyCloseReason(closeReason, { model, connection, phase, partialText, now: clock.now() });
}
