import type { Content, Live, LiveConnectConfig, LiveServerMessage, Session } from '@google/genai';
import type { Clock } from '../../driver/clock.js';
import { createInbox } from './message-queue.js';
import { createLiveSocket, type LiveEnd, type LiveSocketOptions } from './socket.js';

/** A session that is set up. It may end at any time. */
export interface LiveSession {
  /** Present as soon as it has ended. */
  readonly end: LiveEnd | undefined;
  ended: Promise<LiveEnd>;
  /** What can take it up again in the state after so many turns; undefined where nothing can. */
  handleAfter(turns: number): string | undefined;
  /** When the service will end it (`goAway`), in milliseconds since the epoch; undefined as long as it has not said. */
  readonly endsAt: number | undefined;
  /** Says a turn; the answer then comes by `next`. */
  say(turn: SpokenTurn): void;
  /** The next message of the answer, or undefined when the session has ended. */
  next(): Promise<LiveServerMessage | undefined>;
  /** Tells that a turn is over. Until the next one the session does not keep the process alive. */
  rest(): void;
  hangUp(): Promise<void>;
  terminate(): void;
}

/** What goes in at once: turns as client content, or the history first and then the prompt as realtime input. */
export type SpokenTurn =
  | { as: 'content'; contents: Content[] }
  | { as: 'realtime'; history: Content[]; prompt: string };

export interface LiveSessionOptions extends LiveSocketOptions {
  /** The SDK's own. */
  live: Live;
  model: string;
  config: LiveConnectConfig;
  /** What the session takes up again: the handle that it is set up with, and how many turns that stands for. */
  resumed?: { handle: string; turns: number } | undefined;
  clock: Clock;
  signal: AbortSignal;
}

/** Opens a session. Resolves to how it ended where it was never set up; rejects with the signal's reason. */
export async function openLiveSession(options: LiveSessionOptions): Promise<LiveSession | LiveEnd> {
  const { live, model, config, clock, signal, resumed } = options;
  const socket = createLiveSocket(options);
  const hearing = hear(clock, resumed);
  void socket.ended.then(hearing.inbox.end);
  // Everything of the SDK's Live but for what makes its sockets. It has no other seam (2.32).
  const watched: Live = Object.create(live, { webSocketFactory: { value: socket.factory } });
  const abort = () => socket.terminate();
  signal.addEventListener('abort', abort);
  try {
    // When the connection fails, the first of the two never settles.
    const callbacks = { onmessage: hearing.receive };
    const opened = await Promise.race([watched.connect({ model, config, callbacks }), socket.ended]);
    signal.throwIfAborted();
    return 'how' in opened ? opened : sessionOver(opened, socket, hearing);
  } catch (thrown) {
    socket.terminate();
    throw thrown;
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

type Hearing = ReturnType<typeof hear>;

/** Takes messages in: the answer's go into the inbox, the session's own are noted. */
function hear(clock: Clock, resumed: LiveSessionOptions['resumed']) {
  const inbox = createInbox<LiveServerMessage>();
  const state = {
    said: resumed?.turns ?? 0,
    answered: resumed?.turns ?? 0,
    resumption: resumed,
    endsAt: undefined as number | undefined,
  };
  const receive = (message: LiveServerMessage) => {
    const { goAway, sessionResumptionUpdate: update, serverContent: content } = message;
    if (goAway) state.endsAt = clock.now() + secondsOf(goAway.timeLeft) * 1000;
    // What comes while a turn is being answered may or may not know of that turn: only between turns it is clear.
    if (update?.resumable && update.newHandle && state.said === state.answered) {
      state.resumption = { handle: update.newHandle, turns: state.answered };
    }
    if (content?.generationComplete || content?.turnComplete) state.answered = state.said;
    inbox.put(message);
  };
  return { inbox, state, receive };
}

function sessionOver(sdk: Session, socket: ReturnType<typeof createLiveSocket>, hearing: Hearing): LiveSession {
  const { inbox, state } = hearing;
  return {
    get end() {
      return socket.end;
    },
    ended: socket.ended,
    handleAfter: (turns) => (state.resumption?.turns === turns ? state.resumption.handle : undefined),
    get endsAt() {
      return state.endsAt;
    },
    say(turn) {
      // Late words of the turn before, its token counts say, are none of this one's.
      inbox.clear();
      state.said += 1;
      socket.holdProcess(true);
      if (turn.as === 'content') return sdk.sendClientContent({ turns: turn.contents, turnComplete: true });
      if (turn.history.length > 0) sdk.sendClientContent({ turns: turn.history, turnComplete: true });
      sdk.sendRealtimeInput({ text: turn.prompt });
    },
    next: inbox.next,
    rest: () => socket.holdProcess(false),
    hangUp: socket.hangUp,
    terminate: socket.terminate,
  };
}

/** `50s`, as protobuf writes a duration in JSON; what is none is no time at all. */
function secondsOf(timeLeft = ''): number {
  return Number(/^(\d+(?:\.\d+)?)s$/.exec(timeLeft)?.[1] ?? 0);
}
