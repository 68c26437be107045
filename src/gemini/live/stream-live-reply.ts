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
import { classifyConnectionEnd, isConnectionLoss } from './classify-connection-end.js';
import { createLiveReplyCollector, type LiveReplyCollector } from './collect-response.js';
import { convertTurns } from './convert-request.js';
import type { LiveModeSearch } from './live-mode.js';
import type { BorrowedSession, ResolvedLiveOptions } from './pooled-session.js';
import type { LiveSession } from './session.js';
import type { SessionPool } from './session-pool.js';
import type { ConnectionEnd } from './socket.js';

/** One call, and everything that it needs. */
interface StreamLiveReplyOptions {
  /** The model name in the request has no `models/` prefix. */
  request: GenerateRequest;
  context: CallContext;
  liveOptions: ResolvedLiveOptions;
  pool: SessionPool;
  liveModeSearch: LiveModeSearch;
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
 * Carries out a call. A `LiveMode` is how a model takes prompts and sends replies. Each time the model rejects a mode,
 * opens another session and tries the next mode. If a session is lost before the reply begins, also opens another
 * session, but only once.
 */
export async function* streamLiveReply(options: StreamLiveReplyOptions): AsyncGenerator<StreamChunk> {
  const { request, context, pool, liveModeSearch } = options;
  const beforeSendingOnce = once(async () => context.beforeSending?.());
  const state: CallState = { setupMs: 0, beforeSendingOnce, wasReopened: false };
  const addSetupMs = (durationMs: number) => {
    state.setupMs += durationMs;
  };
  for (;;) {
    const acquired = await pool.acquire({ request, mode: liveModeSearch.current, context, addSetupMs });
    if (!acquired.ok) {
      if (!liveModeSearch.tryNext(acquired.connectionEnd, 'setup'))
        throw createCloseError(acquired.connectionEnd, 'setup', '', options);
      continue;
    }
    const borrowed = acquired.session;
    const outcome = yield* runTurn(borrowed, options, state);
    if (outcome.kind === 'replied') return;
    if (outcome.kind === 'notSent') continue;
    const { connectionEnd } = outcome;
    if (isConnectionLoss(connectionEnd) && !state.wasReopened) {
      state.wasReopened = true;
      borrowed.closeForReplacement();
      continue;
    }
    borrowed.closeAndRemove();
    if (!liveModeSearch.tryNext(connectionEnd, 'turn')) throw createCloseError(connectionEnd, 'turn', '', options);
  }
}

/** How a turn in a session ended. */
type TurnOutcome =
  /** The reply is whole. */
  | { kind: 'replied' }
  /** The turn was not sent, because the session can't take it. Another session can. */
  | { kind: 'notSent' }
  /** The session ended before the reply began. */
  | { kind: 'ended'; connectionEnd: ConnectionEnd };

/** Runs the turn in a session. */
async function* runTurn(
  borrowed: BorrowedSession,
  options: StreamLiveReplyOptions,
  { setupMs, beforeSendingOnce }: CallState,
): AsyncGenerator<StreamChunk, TurnOutcome> {
  const { request, context, liveOptions, liveModeSearch } = options;
  const { tools } = request.parameters;
  const collector = createLiveReplyCollector(request.model, liveModeSearch.current, liveOptions.clock, tools);
  let timeouts: RequestTimeouts | undefined;
  let mustCloseSession = true;
  try {
    const liveTurn = convertTurns(request.turns.slice(borrowed.history.length), request, liveModeSearch.current);
    await abortable(beforeSendingOnce(), context.signal);
    // No message says to which turn it belongs. The previous turn waited `maxTranscriptSilenceMs` for the last words of
    // its transcript. If words came even later, more of them may follow, and only a new session separates them from the
    // next reply.
    if (borrowed.session.hasLateContent()) {
      borrowed.retire('words of the last reply came after its end');
      mustCloseSession = false;
      return { kind: 'notSent' };
    }
    timeouts = createRequestTimeouts({ signal: context.signal, ...liveOptions, setupMs });
    timeouts.startDeadline();
    // An abort or a passed time limit closes the session at once, even while the caller does not read the stream.
    timeouts.signal.addEventListener('abort', borrowed.closeAndRemove);
    if (!borrowed.session.connectionEnd) borrowed.session.send(liveTurn);
    const connectionEnd = yield* receiveReply(borrowed, collector, timeouts, options);
    mustCloseSession = false;
    timeouts.markComplete();
    if (connectionEnd) return { kind: 'ended', connectionEnd };
    const substituteText = collector.takeSubstituteText();
    const response = collector.buildResponse();
    const lacksTranscript =
      liveModeSearch.current.replyModality === 'AUDIO' && substituteText !== '' && response.audio !== undefined;
    emitWarnings(collector, lacksTranscript, context);
    reportUnrequestedThoughts(collector.takeThoughts(), request, context);
    await liveModeSearch.confirm();
    borrowed.release([...request.turns, response.turn]);
    if (!collector.progress.isTurnComplete) {
      // A late `turnComplete` would end the next turn in this session.
      borrowed.retire('the service did not end the last turn');
    }
    const { finishReason } = response;
    const metadata = { ...getTokenMetadata(collector), finishReason };
    yield { text: substituteText, finished: true, metadata, response };
    return { kind: 'replied' };
  } catch (thrown) {
    mustCloseSession = true;
    reportUsage(context, collector.usageReport);
    throw timeouts?.signal.aborted ? timeouts.signal.reason : thrown;
  } finally {
    timeouts?.close();
    // The call was aborted or failed, or the caller left the stream early. The rest of the reply is not needed.
    if (mustCloseSession) borrowed.closeAndRemove();
  }
}

/** Emits what the user must know about the reply besides its text. */
function emitWarnings(collector: LiveReplyCollector, lacksTranscript: boolean, { emit }: CallContext): void {
  const warn = (message: string) => emit?.({ type: 'note', about: 'reply', message, warning: true });
  if (lacksTranscript) warn('the speech has no transcript; the reply is the text that the model sent with the speech');
  const otherParts = collector.describeUnshownParts();
  if (otherParts !== undefined) warn(`the reply also has ${otherParts}; only its text and media are shown`);
  for (const problem of collector.listToolProblems()) warn(problem);
}

/**
 * Yields the reply's text up to the end of the turn. If the session ends before the reply begins, returns how the
 * connection ended. If the session ends later, throws.
 */
async function* receiveReply(
  { session }: BorrowedSession,
  collector: LiveReplyCollector,
  timeouts: RequestTimeouts,
  options: StreamLiveReplyOptions,
): AsyncGenerator<StreamChunk, ConnectionEnd | undefined> {
  const { request, context, liveOptions } = options;
  const { progress } = collector;
  let signal: AbortSignal | undefined = timeouts.signal;
  for (;;) {
    const msUntilTurnEnds = progress.getMsUntilTurnEnds();
    if (msUntilTurnEnds === 0) return undefined;
    // The service ends a turn only when its speech would have finished playing. So the time after the reply is
    // generated does not count as idle.
    if (!progress.isGenerated) timeouts.markWaiting();
    const message = await abortable(receiveWithin(session, msUntilTurnEnds, liveOptions.clock), signal);
    if (!message) {
      if (progress.isTurnComplete || progress.getMsUntilTurnEnds() === 0) return undefined;
      const connectionEnd = session.connectionEnd;
      if (!connectionEnd) continue;
      if (!progress.hasBegun) return connectionEnd;
      throw createCloseError(connectionEnd, 'turn', collector.text, options);
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
    if (progress.isTurnComplete && signal === timeouts.signal) {
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
  connectionEnd: ConnectionEnd,
  phase: 'setup' | 'turn',
  partialText: string,
  { request: { model }, liveOptions: { connection, clock }, liveModeSearch }: StreamLiveReplyOptions,
) {
  return classifyConnectionEnd(liveModeSearch.explainFailure(connectionEnd), {
    model,
    connection,
    phase,
    partialText,
    now: clock.now(),
  });
}
