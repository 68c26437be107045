import type { CallContext } from '../../driver/driver.js';
import { tellSpent } from '../../driver/layers/usage-events.js';
import type { GenerateRequest } from '../../driver/request.js';
import type { StreamChunk } from '../../driver/response.js';
import { interrupted } from '../errors/invalid-response.js';
import { type Attempt, openAttempt, orAborted } from '../rest/request-timeouts.js';
import { errorOfEnd, isLoss } from './close-reason.js';
import { collectLiveReply, type LiveReply } from './collect-response.js';
import { spokenTurn } from './convert-request.js';
import type { Talk } from './pooled-session.js';
import type { MannerSearch } from './response-mode.js';
import type { LiveService } from './service.js';
import type { SessionPool } from './session-pool.js';
import type { LiveEnd } from './socket.js';

/** One call: what is asked, and where. */
export interface LiveCall {
  /** Its model is named without `models/`. */
  request: GenerateRequest;
  context: CallContext;
  service: LiveService;
  pool: SessionPool;
  search: MannerSearch;
}

/** What the openings of sessions for one call have in common. */
interface Progress {
  spentMs: number;
  leave: () => Promise<void>;
  wasReopened: boolean;
}

/**
 * Carries a call out, in as many sessions as it takes: another one where the model wants to be talked to in another manner,
 * and, once, where the session was lost before the reply began.
 */
export async function* talk(call: LiveCall): AsyncGenerator<StreamChunk> {
  const { request, context, pool, search } = call;
  const progress: Progress = { spentMs: 0, leave: once(context.beforeSending), wasReopened: false };
  const spent = (durationMs: number) => {
    progress.spentMs += durationMs;
  };
  for (;;) {
    const taken = await pool.take({ request, manner: search.current, context, spent });
    if ('how' in taken) {
      if (!search.turn(taken, 'setup')) throw failureOf(taken, 'setup', '', call);
      continue;
    }
    const end = yield* oneTurn(taken, call, progress);
    if (end === undefined) return;
    if (isLoss(end) && !progress.wasReopened) {
      progress.wasReopened = true;
      taken.lost();
      continue;
    }
    taken.giveUp();
    if (!search.turn(end, 'turn')) throw failureOf(end, 'turn', '', call);
  }
}

/** Plays the turn in a session. Returns how that ended if it did before the reply began, and nothing after the reply. */
async function* oneTurn(
  talk: Talk,
  call: LiveCall,
  { spentMs, leave }: Progress,
): AsyncGenerator<StreamChunk, LiveEnd | undefined> {
  const { request, context, service, search } = call;
  const reply = collectLiveReply(request.model);
  let attempt: Attempt | undefined;
  let isOver = false;
  try {
    const turn = spokenTurn(request.turns.slice(talk.said.length), request, search.current);
    await orAborted(leave(), context.signal);
    attempt = openAttempt({ signal: context.signal, ...service, spentMs });
    attempt.sent();
    // At once, even while nobody asks for the next piece.
    attempt.signal.addEventListener('abort', talk.giveUp);
    if (!talk.session.end) talk.session.say(turn);
    const end = yield* hear(talk, reply, attempt, call);
    isOver = true;
    attempt.answerEnded();
    if (end) return end;
    const response = reply.response();
    await search.worked();
    talk.answered([...request.turns, response.turn]);
    const { finishReason } = response;
    yield { text: '', finished: true, metadata: { ...generatedBy(reply), finishReason }, response };
    return undefined;
  } catch (thrown) {
    isOver = false;
    tellSpent(context, reply.paid);
    throw attempt?.signal.aborted ? attempt.signal.reason : thrown;
  } finally {
    attempt?.close();
    // Aborted, failed, of no use, or left early: what the service goes on to say is of no interest.
    if (!isOver) talk.giveUp();
  }
}

/** Hands the reply's text out as it comes, up to the end of the turn. Returns how the session ended before the reply began. */
async function* hear(
  { session }: Talk,
  reply: LiveReply,
  attempt: Attempt,
  call: LiveCall,
): AsyncGenerator<StreamChunk, LiveEnd | undefined> {
  while (!reply.progress.isComplete) {
    // The end of a turn is told when its speech would have been played: that silence is none.
    if (!reply.progress.isGenerated) attempt.waitsForBytes();
    const message = await orAborted(session.next(), attempt.signal);
    if (!message) {
      const end = session.end as LiveEnd;
      if (!reply.progress.hasBegun) return end;
      throw failureOf(end, 'turn', reply.text, call);
    }
    const text = reply.add(message);
    if (message.serverContent) attempt.bytesCame();
    if (text !== '') yield { text, finished: false, metadata: generatedBy(reply) };
    // What had come before an abort is not handed out after it.
    attempt.signal.throwIfAborted();
    if (reply.progress.wasInterrupted) {
      throw interrupted('the service interrupted its reply', { partialText: () => reply.text });
    }
  }
  return undefined;
}

function failureOf(end: LiveEnd, during: 'setup' | 'turn', partialText: string, { request, service }: LiveCall) {
  const { host, redact } = service.connection;
  return errorOfEnd(end, { model: request.model, host, redact, during, partialText, now: service.clock.now() });
}

/** The turn may leave once: a second session for it does not ask again. */
function once(beforeSending: CallContext['beforeSending']): () => Promise<void> {
  let leave: Promise<void> | undefined;
  return async () => {
    leave ??= beforeSending?.() ?? Promise.resolve();
    return leave;
  };
}

function generatedBy({ outputTokens }: LiveReply): { tokensGenerated?: number } {
  return outputTokens === undefined ? {} : { tokensGenerated: outputTokens };
}
