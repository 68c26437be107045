import type { Clock } from '../../driver/clock.js';
import type { CallContext } from '../../driver/driver.js';
import { reportUsage } from '../../driver/layers/usage-events.js';
import type { GenerateRequest } from '../../driver/request.js';
import type { StreamChunk } from '../../driver/response.js';
import { abortable } from '../../util/abortable.js';
import { once } from '../../util/once.js';
import { createStreamInterruptedError } from '../errors/invalid-response.js';
import { getTokenMetadata } from '../rest/reply/collect-response.js';
import { emitThoughts, reportUnrequestedThoughts } from '../rest/reply/thoughts.js';
import { createRequestTimeouts, type RequestTimeouts } from '../rest/request-timeouts.js';
import { classifyCloseReason, isConnectionLoss } from './classify-close-reason.js';
import { createLiveReplyCollector, type LiveReplyCollector } from './collect-response.js';
import { convertTurns } from './convert-request.js';
import type { BorrowedSession, ResolvedLiveOptions } from './pooled-session.js';
import type { ResponseModeSearch } from './response-mode.js';
import type { LiveSession } from './session.js';
import type { SessionPool } from './session-pool.js';
import type { CloseReason } from './socket.js';

/** One call, and everything that it needs. */
interface StreamLiveReplyOptions {
  /** The model name in the request has no `models/` prefix. */
  request: GenerateRequest;
  context: CallContext;
  liveOptions: ResolvedLiveOptions;
  pool: SessionPool;
  responseModeSearch: ResponseModeSearch;
}

/** The state of a call over all its sessions. */
interface CallState {
  setupMs: number;
  /** Calls `beforeSending` once, even if the call needs several sessions. */
  beforeSendingOnce: () => Promise<void>;
  /** Whether a lost session has been replaced. A second loss ends the call. */
  wasReopened: boolean;
}

/**
 * Carries out a call. Opens another session each time the model rejects the response mode, and at most once if the
 * session is lost before the reply begins.
 */
export async function* streamLiveReply(options: StreamLiveReplyOptions): AsyncGenerator<StreamChunk> {
  const { request, context, pool, responseModeSearch } = options;
  const beforeSendingOnce = once(async () => context.beforeSending?.());
  const state: CallState = { setupMs: 0, beforeSendingOnce, wasReopened: false };
  const addSetupMs = (durationMs: number) => {
    state.setupMs += durationMs;
  };
  for (;;) {
    const acquired = await pool.acquire({ request, mode: responseModeSearch.current, context, addSetupMs });
    if (!acquired.ok) {
      if (!responseModeSearch.tryNext(acquired.reason, 'setup'))
        throw createCloseError(acquired.reason, 'setup', '', options);
      continue;
    }
    const borrowed = acquired.session;
    const outcome = yield* runTurn(borrowed, options, state);
    if (outcome.kind === 'replied') return;
    if (outcome.kind === 'retired') continue;
    const closeReason = outcome.reason;
    if (isConnectionLoss(closeReason) && !state.wasReopened) {
      state.wasReopened = true;
      borrowed.markLost();
      continue;
    }
    borrowed.abandon();
    if (!responseModeSearch.tryNext(closeReason, 'turn')) throw createCloseError(closeReason, 'turn', '', options);
  }
}

/** How the use of a session for a turn ended. */
type TurnOutcome =
  /** The reply is whole. */
  | { kind: 'replied' }
  /** The turn was not sent, because the session can't take it. Another session can. */
  | { kind: 'retired' }
  /** The session ended before the reply began. */
  | { kind: 'closed'; reason: CloseReason };

/** Runs the turn in a session. */
async function* runTurn(
  borrowed: BorrowedSession,
  options: StreamLiveReplyOptions,
  { setupMs, beforeSendingOnce }: CallState,
): AsyncGenerator<StreamChunk, TurnOutcome> {
  const { request, context, liveOptions, responseModeSearch } = options;
  const { tools } = request.parameters;
  const collector = createLiveReplyCollector(request.model, responseModeSearch.current, liveOptions.clock, tools);
  let timeouts: RequestTimeouts | undefined;
  let mustAbandon = true;
  try {
    const liveTurn = convertTurns(request.turns.slice(borrowed.history.length), request, responseModeSearch.current);
    await abortable(beforeSendingOnce(), context.signal);
    // No message says to which turn it belongs. The previous turn waited `maxTranscriptSilenceMs` for the last words of
    // its transcript. If words came even later, more of them may follow, and only a new session separates them from the
    // next reply.
    if (borrowed.session.hasLateContent()) {
      borrowed.retire('words of the last reply came after its end');
      mustAbandon = false;
      return { kind: 'retired' };
    }
    timeouts = createRequestTimeouts({ signal: context.signal, ...liveOptions, elapsedMs: setupMs });
    timeouts.markSent();
    // An abort or a passed time limit closes the session at once, even while the caller does not read the stream.
    timeouts.signal.addEventListener('abort', borrowed.abandon);
    if (!borrowed.session.closeReason) borrowed.session.send(liveTurn);
    const closeReason = yield* receiveReply(borrowed, collector, timeouts, options);
    mustAbandon = false;
    timeouts.markComplete();
    if (closeReason) return { kind: 'closed', reason: closeReason };
    const fallbackText = collector.useFallbackText();
    const response = collector.buildResponse();
    const lacksTranscript =
      responseModeSearch.current.replies === 'AUDIO' && fallbackText !== '' && response.audio !== undefined;
    emitWarnings(collector, lacksTranscript, context);
    reportUnrequestedThoughts(collector.takeThoughts(), request, context);
    await responseModeSearch.confirm();
    borrowed.release([...request.turns, response.turn]);
    if (!collector.progress.isClosed) {
      // A late `turnComplete` would end the next turn in this session.
      borrowed.retire('the service did not end the last turn');
    }
    const { finishReason } = response;
    const metadata = { ...getTokenMetadata(collector), finishReason };
    yield { text: fallbackText, finished: true, metadata, response };
    return { kind: 'replied' };
  } catch (thrown) {
    mustAbandon = true;
    reportUsage(context, collector.billed);
    throw timeouts?.signal.aborted ? timeouts.signal.reason : thrown;
  } finally {
    timeouts?.close();
    // The call was aborted or failed, or the caller left the stream early. The rest of the reply is not needed.
    if (mustAbandon) borrowed.abandon();
  }
}

/** Emits what the user must know about the reply besides its text. */
function emitWarnings(collector: LiveReplyCollector, lacksTranscript: boolean, { emit }: CallContext): void {
  const warn = (message: string) => emit?.({ type: 'note', about: 'reply', message, warning: true });
  if (lacksTranscript) warn('the speech has no transcript; the reply is the text that the model sent with the speech');
  const otherParts = collector.describeOtherParts();
  if (otherParts !== undefined) warn(`the reply also has ${otherParts}; only its text and media are shown`);
  for (const problem of collector.listToolProblems()) warn(problem);
}

/**
 * Yields the reply's text up to the end of the turn. If the session ends before the reply begins, returns why. If it
 * ends later, throws.
 */
async function* receiveReply(
  { session }: BorrowedSession,
  collector: LiveReplyCollector,
  timeouts: RequestTimeouts,
  options: StreamLiveReplyOptions,
): AsyncGenerator<StreamChunk, CloseReason | undefined> {
  const { request, context, liveOptions } = options;
  const { progress } = collector;
  let signal: AbortSignal | undefined = timeouts.signal;
  for (;;) {
    const waitMs = progress.getWaitMs();
    if (waitMs === 0) return undefined;
    // The service delays the end of a turn by the time that playing its speech takes. So the time after the reply is
    // generated does not count as idle.
    if (!progress.isGenerated) timeouts.markWaiting();
    const message = await abortable(receiveWithin(session, waitMs, liveOptions.clock), signal);
    if (!message) {
      if (progress.isClosed || progress.getWaitMs() === 0) return undefined;
      const closeReason = session.closeReason;
      if (!closeReason) continue;
      if (!progress.hasBegun) return closeReason;
      throw createCloseError(closeReason, 'turn', collector.text, options);
    }
    const text = collector.add(message);
    if (request.includeThoughts) emitThoughts(collector.takeThoughts(), request, context);
    if (message.serverContent) timeouts.markReceived();
    if (text !== '') yield { text, finished: false, metadata: getTokenMetadata(collector) };
    // The call may be aborted while the caller reads the text. The messages that have already arrived are then dropped.
    signal?.throwIfAborted();
    if (progress.wasInterrupted) {
      throw createStreamInterruptedError('the service interrupted its reply', collector.text);
    }
    if (progress.isClosed && signal === timeouts.signal) {
      // The reply is whole except for late words of its transcript, so the deadline must not discard it.
      timeouts.markComplete();
      timeouts.close();
      signal = context.signal;
    }
  }
}

/**
 * Resolves to the next message, or to undefined if the session has ended or no message arrives within `waitMs`.
 * @param waitMs undefined for no limit
 */
async function receiveWithin(session: LiveSession, waitMs: number | undefined, clock: Clock) {
  if (waitMs === undefined) return session.nextMessage();
  const timer = new AbortController();
  const expired = clock.sleep(waitMs, timer.signal).catch(() => {});
  try {
    return await session.nextMessage(expired);
  } finally {
    timer.abort();
  }
}

function createCloseError(
  closeReason: CloseReason,
  phase: 'setup' | 'turn',
  partialText: string,
  { request: { model }, liveOptions: { connection, clock }, responseModeSearch }: StreamLiveReplyOptions,
) {
  return classifyCloseReason(responseModeSearch.explainFailure(closeReason), {
    model,
    connection,
    phase,
    partialText,
    now: clock.now(),
  });
}
