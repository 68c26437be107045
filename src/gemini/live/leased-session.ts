import type { Lease } from '../../driver/concurrency-limiter.js';
import { BoticelliError } from '../../errors.js';
import { classifyUnreachable } from '../errors/classify-network-error.js';
import { openAttempt } from '../rest/request-timeouts.js';
import { liveConfig } from './convert-request.js';
import type { Resumed } from './pooled-session.js';
import type { LiveService } from './service.js';
import { type LiveSession, openLiveSession } from './session.js';
import type { TalkWish } from './session-pool.js';
import type { LiveEnd } from './socket.js';
import { classifyAnswer } from './upgrade-error.js';

export interface PlacedSession {
  session: LiveSession;
  /** Resolves when the session has ended and its place was given back. */
  placeFreed: Promise<void>;
}

/**
 * Takes a place at the Gate and opens a session, which holds it until it ends. Resolves to how the session ended where it
 * was never set up; rejects with `timeout` where that takes too long, or with the reason of the caller's signal.
 */
export async function openWithPlace(
  wish: TalkWish,
  service: LiveService,
  resumed: Resumed | undefined,
): Promise<PlacedSession | LiveEnd> {
  const lease = await service.gate?.enter(wish.request.model, wish.context);
  let session: LiveSession | undefined;
  try {
    const opened = await openInTime(wish, service, resumed);
    if ('how' in opened) return opened;
    session = opened;
    return { session, placeFreed: session.ended.then(() => free(lease)) };
  } finally {
    if (!session) await free(lease);
  }
}

async function openInTime(
  { request, manner, context, spent }: TalkWish,
  { connection, clock, setupTimeoutMs, timeoutMs }: LiveService,
  resumed: Resumed | undefined,
): Promise<LiveSession | LiveEnd> {
  const { host, url } = connection;
  const { model } = request;
  const live = await connection.live();
  const route = await connection.routeTo(url.href.replace(/^http/, 'ws'));
  const withinMs = Math.min(setupTimeoutMs, timeoutMs);
  const startedAt = performance.now();
  const attempt = openAttempt({ signal: context.signal, timeoutMs: withinMs, idleTimeoutMs: withinMs });
  attempt.sent();
  try {
    return await openLiveSession({
      ...{
        live,
        model,
        clock,
        agent: route?.agent,
        signal: attempt.signal,
        config: liveConfig(request, manner, resumed?.handle),
      },
      resumed,
      historyFirst: manner.prompts === 'realtime' && !resumed && request.turns.length > 1,
      classifyNetwork: (thrown) => classifyUnreachable(thrown, host),
      classifyAnswer: (answer) => classifyAnswer(answer, { connection, model, now: clock.now() }),
    });
  } catch (thrown) {
    context.signal?.throwIfAborted();
    throw attempt.signal.aborted ? notSetUp(host, withinMs) : thrown;
  } finally {
    attempt.close();
    spent(performance.now() - startedAt);
  }
}

function notSetUp(host: string, withinMs: number): BoticelliError {
  return new BoticelliError('timeout', `${host} set up no session within ${withinMs / 1000} s`, {
    hint: 'Nothing was asked. Try again later, or use another model.',
  });
}

/** A place that can't be given back comes free by itself, seconds later. */
async function free(lease: Lease | undefined): Promise<void> {
  await lease?.release().catch(() => {});
}
