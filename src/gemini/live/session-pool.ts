import type { CallContext } from '../../driver/driver.js';
import type { GenerateRequest } from '../../driver/request.js';
import { continues, setupKey } from './convert-request.js';
import { openWithPlace } from './leased-session.js';
import type { LiveManner } from './options.js';
import { type Resumed, type Seat, sitDown, type Talk } from './pooled-session.js';
import type { LiveService } from './service.js';
import type { LiveEnd } from './socket.js';

/** The sessions of a driver. Several only where several narratives play at once. */
export interface SessionPool {
  /**
   * A session that goes on with the conversation of the request, or a new one; every other idle one is ended. Resolves to
   * how a new one ended before it was set up. `spent` is told the milliseconds that setting up took.
   */
  take(wish: TalkWish): Promise<Talk | LiveEnd>;
  /** Ends the sessions that have no turn under way; resolves when their places are given back. */
  endIdle(): Promise<void>;
  /** Ends all sessions; resolves when their places are given back. */
  close(): Promise<void>;
}

export interface TalkWish {
  /** Without `models/`. */
  request: GenerateRequest;
  manner: LiveManner;
  context: CallContext;
  spent: (durationMs: number) => void;
}

/** A session that ends sooner than this is not begun a turn in. */
const shortestRestMs = 60_000;

export function createSessionPool(service: LiveService): SessionPool {
  const seats = new Set<Seat>();
  // Resolves when the places of sessions that were given up are back: before that the next one would wait in vain.
  let left: Promise<unknown> = Promise.resolve();
  const drop = async (seat: Seat) => {
    seats.delete(seat);
    seat.resume();
    await seat.session.hangUp();
    await seat.placeFreed;
  };
  const endAll = async (ending: Seat[]) => void (await Promise.all([left, ...ending.map(drop)]));
  const endIdle = () => endAll([...seats].filter(({ busy }) => !busy));

  const open = async (wish: TalkWish, resumed?: Resumed): Promise<Talk | LiveEnd> => {
    const opened = await openWithPlace(wish, service, resumed);
    if ('how' in opened) return opened;
    const seat = sitDown({
      ...opened,
      wish,
      resumed,
      service,
      onLeft() {
        seats.delete(seat);
        left = Promise.all([left, seat.placeFreed]);
      },
      onIdle: () => drop(seat),
    });
    seats.add(seat);
    return seat;
  };

  return {
    async take(wish) {
      const fitting = [...seats].find((seat) => fits(seat, wish));
      if (fitting && !isOver(fitting, service)) {
        fitting.resume();
        return fitting;
      }
      const resumption = fitting && resumptionOf(fitting);
      const why = fitting && (fitting.session.end ? 'the connection was lost' : 'the service announced its end');
      // First the old ones: a place may be all there is, and a session is not taken up while its socket is open
      // (1011; aicc2025/sip-to-ai#14, seen 2026-09).
      await endIdle();
      if (!fitting) return open(wish);
      const resumed = resumption && (await open(wish, resumption));
      const isResumed = resumed !== undefined && !('how' in resumed);
      const how = isResumed ? 'the session was resumed' : 'a new session gets the whole conversation';
      wish.context.emit?.({ type: 'note', about: 'session', message: `${why}: ${how}` });
      return isResumed ? resumed : open(wish);
    },
    endIdle,
    close: () => endAll([...seats]),
  };
}

function fits({ busy, key, said }: Seat, { request, manner }: TalkWish): boolean {
  if (busy || key !== setupKey(request, manner) || !continues(request.turns, said)) return false;
  // Realtime input is one prompt: turns that other models had meanwhile can only be told at a session's beginning.
  return manner.prompts === 'content' || said.length === 0 || request.turns.length === said.length + 1;
}

function isOver({ session: { end, endsAt } }: Seat, { clock }: LiveService): boolean {
  return end !== undefined || (endsAt !== undefined && endsAt - clock.now() < shortestRestMs);
}

/**
 * What takes a session up again where it was. Not one that was told of earlier replies at its beginning: gemini-3.8-live
 * forgot those in two of three resumptions (livekit/agents-js#2507, seen 2026-09).
 */
function resumptionOf(seat: Seat): Resumed | undefined {
  const turns = seat.said.filter(({ role }) => role === 'model').length;
  const handle = seat.seeded ? undefined : seat.session.handleAfter(turns);
  return handle === undefined ? undefined : { seat, handle, turns };
}
