import type { Lease } from '../../driver/concurrency-limiter.js';
import { BoticelliError } from '../../errors.js';
import { classifyNetworkError } from '../errors/classify-network-error.js';
import { createRequestTimeouts } from '../rest/request-timeouts.js';
import { classifyUpgradeError } from './classify-upgrade-error.js';
import { createLiveConfig } from './convert-request.js';
import type { Resumption } from './pooled-session.js';
import type { ResolvedLiveOptions } from './resolved-options.js';
import { type LiveSession, openLiveSession } from './session.js';
import type { SessionRequest } from './session-pool.js';
import type { CloseReason } from './socket.js';

export interface LeasedSession {
  session: LiveSession;
  /** Resolves when the session has ended and its place was given back. */
  slotReleased: Promise<void>;
}

/**
 * Takes a place at the Gate and opens a session, which holds it until it ends. Resolves to how the session ended where it
 * was never set up; rejects with `timeout` where that takes too long, or with the reason of the caller's signal.
 */
export async function openLeasedSession(
  sessionRequest: SessionRequest,
  liveOptions: ResolvedLiveOptions,
  resumption: Resumption | undefined,
): Promise<LeasedSession | CloseReason> {
  const lease = await liveOptions.concurrencyLimiter?.acquire(sessionRequest.request.model, sessionRequest.context);
  let session: LiveSession | undefined;
  try {
    const opened = await openWithTimeout(sessionRequest, liveOptions, resumption);
    if ('kind' in opened) return opened;
    session = opened;
    return { session, slotReleased: session.closed.then(() => releaseLease(lease)) };
  } finally {
    if (!session) await releaseLease(lease);
  }
}

async function openWithTimeout(
  { request, mode, context, addSetupMs }: SessionRequest,
  { connection, clock, setupTimeoutMs, timeoutMs }: ResolvedLiveOptions,
  resumption: Resumption | undefined,
): Promise<LiveSession | CloseReason> {
  const { host, url } = connection;
  const { model } = request;
  const live = await connection.getLiveApi();
  const route = await connection.resolveRoute(url.href.replace(/^http/, 'ws'));
  const limitMs = Math.min(setupTimeoutMs, timeoutMs);
  const startedAt = performance.now();
  const timeouts = createRequestTimeouts({ signal: context.signal, timeoutMs: limitMs, idleTimeoutMs: limitMs });
  timeouts.markSent();
  try {
    return await openLiveSession({
      ...{
        live,
        model,
        clock,
        agent: route?.agent,
        signal: timeouts.signal,
        config: createLiveConfig(request, mode, resumption?.handle),
      },
      resumption,
      sendsInitialHistory: mode.prompts === 'realtime' && !resumption && request.turns.length > 1,
      classifyConnectError: (thrown) => classifyNetworkError(thrown, host),
      classifyUpgradeError: (response) => classifyUpgradeError(response, { connection, model, now: clock.now() }),
    });
  } catch (thrown) {
    context.signal?.throwIfAborted();
    throw timeouts.signal.aborted ? createSetupTimeoutError(host, limitMs) : thrown;
  } finally {
    timeouts.close();
    addSetupMs(performance.now() - startedAt);
  }
}

function createSetupTimeoutError(host: string, limitMs: number): BoticelliError {
  return new BoticelliError('timeout', `${host} set up no session within ${limitMs / 1000} s`, {
    hint: 'Nothing was asked. Try again later, or use another model.',
  });
}

/** A place that can't be given back comes free by itself, seconds later. */
async function releaseLease(lease: Lease | undefined): Promise<void> {
  await lease?.release().catch(() => {});
}
