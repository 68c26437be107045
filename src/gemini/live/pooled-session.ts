import type { Turn } from '../../driver/request.js';
import { setupKey } from './convert-request.js';
import type { LiveService } from './service.js';
import type { LiveSession } from './session.js';
import type { TalkWish } from './session-pool.js';

/** A session, and what was said in it. */
export interface Talk {
  session: LiveSession;
  /** The turns that the session knows, replies included. */
  readonly said: readonly Turn[];
  /** Tells that a turn was answered, and what the session knows now: it waits for the next one, for a while. */
  answered(turns: readonly Turn[]): void;
  /** Ends a session in the midst of a turn. */
  giveUp(): void;
  /** Tells that it was lost in the midst of a turn, and that another one may take it up. */
  lost(): void;
}

/** A talk as the pool sees it. */
export interface Seat extends Talk {
  /** What the session was set up with. */
  key: string;
  /** Whether a turn is under way. */
  readonly busy: boolean;
  /** Whether the session was told, at its beginning, of replies that it never gave. */
  seeded: boolean;
  /** Resolves when the session has ended and its place was given back. */
  placeFreed: Promise<void>;
  /** Ends the waiting for another turn. */
  resume(): void;
}

/** A session that goes on where an earlier one was. */
export interface Resumed {
  seat: Seat;
  handle: string;
  /** How many turns it stands for. */
  turns: number;
}

export interface SeatOptions {
  session: LiveSession;
  placeFreed: Promise<void>;
  wish: TalkWish;
  resumed: Resumed | undefined;
  service: LiveService;
  /** Called when the session was given up. */
  onLeft: () => void;
  /** Called when it had no turn for `idleSessionMs`. */
  onIdle: () => void;
}

export function sitDown({ session, placeFreed, wish, resumed, service, onLeft, onIdle }: SeatOptions): Seat {
  let said = resumed?.seat.said ?? [];
  let busy = true;
  let idle: NodeJS.Timeout | undefined;
  return {
    session,
    placeFreed,
    key: setupKey(wish.request, wish.manner),
    seeded: resumed ? resumed.seat.seeded : wish.request.turns.length > 1,
    get said() {
      return said;
    },
    get busy() {
      return busy;
    },
    answered(turns) {
      said = turns;
      busy = false;
      session.rest();
      // Neither this timer nor the resting session keeps the process alive.
      idle = setTimeout(onIdle, service.idleSessionMs).unref();
    },
    resume() {
      clearTimeout(idle);
      busy = true;
    },
    giveUp() {
      onLeft();
      session.terminate();
    },
    lost() {
      busy = false;
      session.terminate();
    },
  };
}
