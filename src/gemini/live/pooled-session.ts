import type { Turn } from '../../driver/request.js';
import { createSetupKey } from './convert-request.js';
import type { ResolvedLiveOptions } from './resolved-options.js';
import type { LiveSession } from './session.js';
import type { SessionRequest } from './session-pool.js';

/** A session, and what was said in it. */
export interface BorrowedSession {
  session: LiveSession;
  /** The turns that the session knows, replies included. */
  readonly history: readonly Turn[];
  /** Tells that a turn was answered, and what the session knows now: it waits for the next one, for a while. */
  release(history: readonly Turn[]): void;
  /** Ends a session in the midst of a turn. */
  abandon(): void;
  /** Tells that it was lost in the midst of a turn, and that another one may take it up. */
  markLost(): void;
}

/** A talk as the pool sees it. */
export interface PooledSession extends BorrowedSession {
  /** What the session was set up with. */
  key: string;
  /** Whether a turn is under way. */
  readonly busy: boolean;
  /** Whether the session was told, at its beginning, of replies that it never gave. */
  hasSeededHistory: boolean;
  /** Resolves when the session has ended and its place was given back. */
  slotReleased: Promise<void>;
  /** Ends the waiting for another turn. */
  borrow(): void;
}

/** A session that goes on where an earlier one was. */
export interface Resumption {
  previous: PooledSession;
  handle: string;
  /** How many turns it stands for. */
  turnCount: number;
}

export interface PooledSessionOptions {
  session: LiveSession;
  slotReleased: Promise<void>;
  sessionRequest: SessionRequest;
  resumption: Resumption | undefined;
  liveOptions: ResolvedLiveOptions;
  /** Called when the session was given up. */
  onAbandoned: () => void;
  /** Called when it had no turn for `idleSessionMs`. */
  onIdle: () => void;
}

export function createPooledSession({
  session,
  slotReleased,
  sessionRequest,
  resumption,
  liveOptions,
  onAbandoned,
  onIdle,
}: PooledSessionOptions): PooledSession {
  let history = resumption?.previous.history ?? [];
  let busy = true;
  let idleTimer: NodeJS.Timeout | undefined;
  return {
    session,
    slotReleased,
    key: createSetupKey(sessionRequest.request, sessionRequest.mode),
    hasSeededHistory: resumption ? resumption.previous.hasSeededHistory : sessionRequest.request.turns.length > 1,
    get history() {
      return history;
    },
    get busy() {
      return busy;
    },
    release(turns) {
      history = turns;
      busy = false;
      session.markIdle();
      // Neither this timer nor the resting session keeps the process alive.
      idleTimer = setTimeout(onIdle, liveOptions.idleSessionMs).unref();
    },
    borrow() {
      clearTimeout(idleTimer);
      busy = true;
    },
    abandon() {
      onAbandoned();
      session.terminate();
    },
    markLost() {
      busy = false;
      session.terminate();
    },
  };
}
