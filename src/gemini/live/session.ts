import type { Content, Live, LiveConnectConfig, LiveServerMessage, Session } from '@google/genai';
import type { Clock } from '../../driver/clock.js';
import { createMessageQueue } from './message-queue.js';
import { type CloseReason, createLiveSocket, type LiveSocketOptions } from './socket.js';

/** A session that is set up. It may end at any time. */
export interface LiveSession {
  /** Present as soon as it has ended. */
  readonly closeReason: CloseReason | undefined;
  closed: Promise<CloseReason>;
  /** What can take it up again in the state after so many turns; undefined where nothing can. */
  getResumptionHandle(turnCount: number): string | undefined;
  /** When the service will end it (`goAway`), in milliseconds since the epoch; undefined as long as it has not said. */
  readonly endsAt: number | undefined;
  /** Says a turn; the answer then comes by `next`. */
  send(turn: LiveTurn): void;
  /** The next message of the answer, or undefined when the session has ended. */
  nextMessage(): Promise<LiveServerMessage | undefined>;
  /** Tells that a turn is over. Until the next one the session does not keep the process alive. */
  markIdle(): void;
  close(): Promise<void>;
  terminate(): void;
}

/** What goes in at once: turns as client content, or the history first and then the prompt as realtime input. */
export type LiveTurn =
  | { kind: 'content'; contents: Content[] }
  | { kind: 'realtime'; history: Content[]; prompt: string };

export interface LiveSessionOptions extends LiveSocketOptions {
  /** The SDK's own. */
  live: Live;
  model: string;
  config: LiveConnectConfig;
  /** What the session takes up again: the handle that it is set up with, and how many turns that stands for. */
  resumption?: { handle: string; turnCount: number } | undefined;
  clock: Clock;
  signal: AbortSignal;
}

/** Opens a session. Resolves to how it ended where it was never set up; rejects with the signal's reason. */
export async function openLiveSession(options: LiveSessionOptions): Promise<LiveSession | CloseReason> {
  const { live, model, config, clock, signal, resumption } = options;
  const socket = createLiveSocket(options);
  const receiver = createMessageReceiver(clock, resumption);
  void socket.closed.then(receiver.queue.close);
  // Everything of the SDK's Live but for what makes its sockets. It has no other seam (2.32).
  const liveWithSocket: Live = Object.create(live, { webSocketFactory: { value: socket.factory } });
  const abort = () => socket.terminate();
  signal.addEventListener('abort', abort);
  try {
    // When the connection fails, the first of the two never settles.
    const callbacks = { onmessage: receiver.receive };
    const opened = await Promise.race([liveWithSocket.connect({ model, config, callbacks }), socket.closed]);
    signal.throwIfAborted();
    return 'kind' in opened ? opened : createSession(opened, socket, receiver);
  } catch (thrown) {
    socket.terminate();
    throw thrown;
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

type MessageReceiver = ReturnType<typeof createMessageReceiver>;

/** Takes messages in: the answer's go into the inbox, the session's own are noted. */
function createMessageReceiver(clock: Clock, resumption: LiveSessionOptions['resumption']) {
  const queue = createMessageQueue<LiveServerMessage>();
  const state = {
    turnsSent: resumption?.turnCount ?? 0,
    turnsAnswered: resumption?.turnCount ?? 0,
    resumption,
    endsAt: undefined as number | undefined,
  };
  const receive = (message: LiveServerMessage) => {
    const { goAway, sessionResumptionUpdate: update, serverContent: content } = message;
    if (goAway) state.endsAt = clock.now() + parseSeconds(goAway.timeLeft) * 1000;
    // What comes while a turn is being answered may or may not know of that turn: only between turns it is clear.
    if (update?.resumable && update.newHandle && state.turnsSent === state.turnsAnswered) {
      state.resumption = { handle: update.newHandle, turnCount: state.turnsAnswered };
    }
    if (content?.generationComplete || content?.turnComplete) state.turnsAnswered = state.turnsSent;
    queue.push(message);
  };
  return { queue, state, receive };
}

function createSession(
  sdk: Session,
  socket: ReturnType<typeof createLiveSocket>,
  receiver: MessageReceiver,
): LiveSession {
  const { queue, state } = receiver;
  return {
    get closeReason() {
      return socket.closeReason;
    },
    closed: socket.closed,
    getResumptionHandle: (turnCount) =>
      state.resumption?.turnCount === turnCount ? state.resumption.handle : undefined,
    get endsAt() {
      return state.endsAt;
    },
    send(turn) {
      // Late words of the turn before, its token counts say, are none of this one's.
      queue.clear();
      state.turnsSent += 1;
      socket.keepProcessAlive(true);
      if (turn.kind === 'content') return sdk.sendClientContent({ turns: turn.contents, turnComplete: true });
      if (turn.history.length > 0) sdk.sendClientContent({ turns: turn.history, turnComplete: true });
      sdk.sendRealtimeInput({ text: turn.prompt });
    },
    nextMessage: queue.next,
    markIdle: () => socket.keepProcessAlive(false),
    close: socket.close,
    terminate: socket.terminate,
  };
}

/** `50s`, as protobuf writes a duration in JSON; what is none is no time at all. */
function parseSeconds(timeLeft = ''): number {
  return Number(/^(\d+(?:\.\d+)?)s$/.exec(timeLeft)?.[1] ?? 0);
}
