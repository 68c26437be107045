import { createSetupKey, isContinuation } from './convert-request.js';
import {
  type BorrowedSession,
  openPooledSession,
  type PooledSession,
  type ResolvedLiveOptions,
  type Resumption,
  type SessionRequest,
} from './pooled-session.js';
import type { OpenResult } from './session.js';

/** The open sessions of a driver. More than one session is open only if acts or rows run in parallel. */
export type SessionPool = ReturnType<typeof createSessionPool>;

/** A session whose remaining time is shorter than this is not used for another turn. */
const minRemainingMs = 60_000;

/** Creates a pool without sessions. */
export function createSessionPool(liveOptions: ResolvedLiveOptions) {
  const sessions = createSessionSet();
  const open = async (sessionRequest: SessionRequest, resumption?: Resumption): Promise<OpenResult<PooledSession>> => {
    const { remove: onRemove, close: onIdleTimeout } = sessions;
    const opened = await openPooledSession({ sessionRequest, resumption, liveOptions, onRemove, onIdleTimeout });
    if (opened.ok) sessions.all.add(opened.session);
    return opened;
  };

  return {
    /**
     * Borrows the session that has the beginning of the request's conversation. If no session has it, or if that
     * session has ended or will end soon, closes all idle sessions and opens a new one. The new session resumes the old
     * one if possible.
     */
    async acquire(sessionRequest: SessionRequest): Promise<OpenResult<BorrowedSession>> {
      const match = [...sessions.all].find((pooled) => canContinue(pooled, sessionRequest));
      if (match && !isEnding(match, liveOptions)) {
        match.borrow();
        return { ok: true, session: match };
      }
      const resumption = match && getResumption(match);
      // The reason is determined first, because `closeIdle` also closes `match`, which sets its `connectionEnd`.
      const endReason = match?.session.connectionEnd
        ? 'the connection was lost'
        : 'the service announced the end of the connection';
      const reason = match?.retirementReason ?? endReason;
      // Close the old sessions first: there may be only one concurrency slot, and a session can't be resumed while its
      // socket is open (1011; aicc2025/sip-to-ai#14, seen 2026-09).
      await sessions.closeIdle();
      if (!match) return open(sessionRequest);
      const resumed = resumption && (await open(sessionRequest, resumption));
      const outcome = resumed?.ok
        ? 'the conversation continues in a resumed session'
        : 'the conversation continues in a new session';
      sessionRequest.context.emit?.({ type: 'note', about: 'session', message: `${reason}: ${outcome}` });
      return resumed?.ok ? resumed : open(sessionRequest);
    },
    /** Closes all idle sessions, which have no turn in progress. Resolves when their concurrency slots are released. */
    closeIdle: sessions.closeIdle,
    /** Closes all sessions. Resolves when their concurrency slots are released. */
    close: sessions.closeAll,
  };
}

function createSessionSet() {
  const all = new Set<PooledSession>();
  // Resolves when the concurrency slots of removed sessions are released. Closing waits for this, so that a slot is free
  // when the next session opens.
  let pendingReleases: Promise<unknown> = Promise.resolve();
  const close = async (pooled: PooledSession): Promise<void> => {
    all.delete(pooled);
    // Stops the session's idle timer, which would close it again.
    pooled.borrow();
    await pooled.session.close();
    await pooled.slotReleased;
  };
  const closeEach = async (closing: PooledSession[]): Promise<void> => {
    await Promise.all([pendingReleases, ...closing.map(close)]);
  };
  return {
    all,
    close,
    closeIdle: () => closeEach([...all].filter(({ isBusy }) => !isBusy)),
    closeAll: () => closeEach([...all]),
    /** Removes a session that is being closed mid-turn. */
    remove(pooled: PooledSession) {
      all.delete(pooled);
      pendingReleases = Promise.all([pendingReleases, pooled.slotReleased]);
    },
  };
}

function canContinue({ isBusy, setupKey, history }: PooledSession, { request, mode }: SessionRequest): boolean {
  if (isBusy || setupKey !== createSetupKey(request, mode) || !isContinuation(request.turns, history)) return false;
  // A session that takes prompts as realtime input accepts several new turns only at its start; later, it accepts one.
  // A request has several new turns if another model answered the previous prompt: that prompt and its reply are new to
  // this session.
  return mode.promptsAs === 'clientContent' || history.length === 0 || request.turns.length === history.length + 1;
}

function isEnding({ session, retirementReason }: PooledSession, { clock }: ResolvedLiveOptions): boolean {
  const { connectionEnd, endsAt } = session;
  if (connectionEnd !== undefined || retirementReason !== undefined) return true;
  return endsAt !== undefined && endsAt - clock.now() < minRemainingMs;
}

/**
 * Returns what is needed to resume a session. A session that was opened with earlier turns is not resumed, because
 * gemini-3.8-live forgot those turns in two of three resumptions (livekit/agents-js#2507, seen 2026-09).
 */
function getResumption(pooled: PooledSession): Resumption | undefined {
  const answeredPrompts = pooled.history.filter(({ role }) => role === 'model').length;
  const handle = pooled.hasSeededHistory ? undefined : pooled.session.getResumptionHandle(answeredPrompts);
  return handle === undefined ? undefined : { previous: pooled, handle, answeredPrompts };
}
