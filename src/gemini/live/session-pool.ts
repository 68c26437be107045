import type { CallContext } from '../../driver/driver.js';
import type { GenerateRequest } from '../../driver/request.js';
import { createSetupKey, isContinuation } from './convert-request.js';
import { openLeasedSession } from './leased-session.js';
import type { ResponseMode } from './options.js';
import { type BorrowedSession, createPooledSession, type PooledSession, type Resumption } from './pooled-session.js';
import type { ResolvedLiveOptions } from './resolved-options.js';
import type { CloseReason } from './socket.js';

/** The sessions of a driver. Several only where several narratives play at once. */
export interface SessionPool {
  /**
   * A session that goes on with the conversation of the request, or a new one; every other idle one is ended. Resolves to
   * how a new one ended before it was set up. `spent` is told the milliseconds that setting up took.
   */
  acquire(sessionRequest: SessionRequest): Promise<BorrowedSession | CloseReason>;
  /** Ends the sessions that have no turn under way; resolves when their places are given back. */
  closeIdle(): Promise<void>;
  /** Ends all sessions; resolves when their places are given back. */
  close(): Promise<void>;
}

export interface SessionRequest {
  /** Without `models/`. */
  request: GenerateRequest;
  mode: ResponseMode;
  context: CallContext;
  addSetupMs: (durationMs: number) => void;
}

/** A session that ends sooner than this is not begun a turn in. */
const minRemainingMs = 60_000;

export function createSessionPool(liveOptions: ResolvedLiveOptions): SessionPool {
  const sessions = new Set<PooledSession>();
  // Resolves when the places of sessions that were given up are back: before that the next one would wait in vain.
  let pendingReleases: Promise<unknown> = Promise.resolve();
  const closeSession = async (pooled: PooledSession) => {
    sessions.delete(pooled);
    pooled.borrow();
    await pooled.session.close();
    await pooled.slotReleased;
  };
  const closeAll = async (closing: PooledSession[]) =>
    void (await Promise.all([pendingReleases, ...closing.map(closeSession)]));
  const closeIdle = () => closeAll([...sessions].filter(({ busy }) => !busy));

  const openSession = async (
    sessionRequest: SessionRequest,
    resumption?: Resumption,
  ): Promise<BorrowedSession | CloseReason> => {
    const opened = await openLeasedSession(sessionRequest, liveOptions, resumption);
    if ('kind' in opened) return opened;
    const pooled = createPooledSession({
      ...opened,
      sessionRequest,
      resumption,
      liveOptions,
      onAbandoned() {
        sessions.delete(pooled);
        pendingReleases = Promise.all([pendingReleases, pooled.slotReleased]);
      },
      onIdle: () => closeSession(pooled),
    });
    sessions.add(pooled);
    return pooled;
  };

  return {
    async acquire(sessionRequest) {
      const match = [...sessions].find((pooled) => canContinue(pooled, sessionRequest));
      if (match && !isEnding(match, liveOptions)) {
        match.borrow();
        return match;
      }
      const resumption = match && getResumption(match);
      const reason = match && (match.session.closeReason ? 'the connection was lost' : 'the service announced its end');
      // First the old ones: a place may be all there is, and a session is not taken up while its socket is open
      // (1011; aicc2025/sip-to-ai#14, seen 2026-09).
      await closeIdle();
      if (!match) return openSession(sessionRequest);
      const resumedSession = resumption && (await openSession(sessionRequest, resumption));
      const isResumed = resumedSession !== undefined && !('kind' in resumedSession);
      const outcome = isResumed ? 'the session was resumed' : 'a new session gets the whole conversation';
      sessionRequest.context.emit?.({ type: 'note', about: 'session', message: `${reason}: ${outcome}` });
      return isResumed ? resumedSession : openSession(sessionRequest);
    },
    closeIdle,
    close: () => closeAll([...sessions]),
  };
}

function canContinue({ busy, key, history }: PooledSession, { request, mode }: SessionRequest): boolean {
  if (busy || key !== createSetupKey(request, mode) || !isContinuation(request.turns, history)) return false;
  // Realtime input is one prompt: turns that other models had meanwhile can only be told at a session's beginning.
  return mode.prompts === 'content' || history.length === 0 || request.turns.length === history.length + 1;
}

function isEnding({ session: { closeReason, endsAt } }: PooledSession, { clock }: ResolvedLiveOptions): boolean {
  return closeReason !== undefined || (endsAt !== undefined && endsAt - clock.now() < minRemainingMs);
}

/**
 * What takes a session up again where it was. Not one that was told of earlier replies at its beginning: gemini-3.8-live
 * forgot those in two of three resumptions (livekit/agents-js#2507, seen 2026-09).
 */
function getResumption(pooled: PooledSession): Resumption | undefined {
  const turnCount = pooled.history.filter(({ role }) => role === 'model').length;
  const handle = pooled.hasSeededHistory ? undefined : pooled.session.getResumptionHandle(turnCount);
  return handle === undefined ? undefined : { previous: pooled, handle, turnCount };
}
