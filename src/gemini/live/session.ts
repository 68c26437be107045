import type { Content, Live, LiveConnectConfig, LiveServerMessage, Session } from '@google/genai';
import type { Clock } from '../../driver/clock.js';
import { type ConnectionEnd, createLiveSocket, type LiveSocket, type LiveSocketOptions } from './socket.js';

/** A session that has been set up. It may end at any time. */
export type LiveSession = ReturnType<typeof createSession>;

/** An open session, or the end of the connection if the session could not be set up. */
export type OpenResult<Opened> = { ok: true; session: Opened } | { ok: false; connectionEnd: ConnectionEnd };

/**
 * One prompt, with the earlier turns that the session does not have. `clientContent` sends all of them as client
 * content. `realtimeInput` sends the earlier turns as history, and then the prompt as realtime input.
 */
export type LiveTurn =
  | { kind: 'clientContent'; contents: Content[] }
  | { kind: 'realtimeInput'; history: Content[]; prompt: string };

interface LiveSessionOptions extends LiveSocketOptions {
  /** The SDK's Live API. */
  live: Live;
  model: string;
  config: LiveConnectConfig;
  /** The handle of the session to resume, and how many prompts, each with its reply, the handle includes. */
  resumption?: { handle: string; answeredPrompts: number } | undefined;
  clock: Clock;
  signal: AbortSignal;
}

/** Opens a session. If the signal aborts, rejects with the signal's reason. */
export async function openLiveSession(options: LiveSessionOptions): Promise<OpenResult<LiveSession>> {
  const { live, model, config, clock, signal, resumption } = options;
  const socket = createLiveSocket(options);
  const receiver = createMessageReceiver(clock, resumption);
  void socket.closed.then(receiver.queue.close);
  // This is the SDK's Live API with our own sockets. The SDK (2.32) has no other way to replace its sockets.
  const liveWithSocket: Live = Object.create(live, { webSocketFactory: { value: socket.factory } });
  const abort = () => socket.terminate();
  signal.addEventListener('abort', abort);
  try {
    // `connect` never settles if the connection fails, so it races against the closing of the socket.
    const opened = await Promise.race([
      liveWithSocket.connect({ model, config, callbacks: { onmessage: receiver.receive } }),
      socket.closed.then((connectionEnd) => ({ connectionEnd })),
    ]);
    signal.throwIfAborted();
    if ('connectionEnd' in opened) return { ok: false, ...opened };
    return { ok: true, session: createSession(opened, socket, receiver) };
  } catch (thrown) {
    socket.terminate();
    throw thrown;
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** Queues received messages, and records the resumption handle and the announced end of the session. */
function createMessageReceiver(clock: Clock, resumption: LiveSessionOptions['resumption']) {
  const queue = createMessageQueue<LiveServerMessage>();
  const state = {
    promptsSent: resumption?.answeredPrompts ?? 0,
    promptsAnswered: resumption?.answeredPrompts ?? 0,
    resumption,
    endsAt: undefined as number | undefined,
  };
  const receive = (message: LiveServerMessage) => {
    const { goAway, sessionResumptionUpdate: update, serverContent: content } = message;
    if (goAway) state.endsAt = clock.now() + parseSeconds(goAway.timeLeft) * 1000;
    // A handle that arrives between turns includes all turns so far. A handle that arrives during a turn is ignored,
    // because it may or may not include that turn.
    const handle: unknown = update?.resumable && update.newHandle;
    if (typeof handle === 'string' && handle !== '' && state.promptsSent === state.promptsAnswered) {
      state.resumption = { handle, answeredPrompts: state.promptsAnswered };
    }
    if (content?.generationComplete || content?.turnComplete) state.promptsAnswered = state.promptsSent;
    queue.push(message);
  };
  return { queue, state, receive };
}

function createSession(sdkSession: Session, socket: LiveSocket, { queue, state }: MessageReceiver) {
  let hasSentTurn = false;
  return {
    /** Present once the session has ended. */
    get connectionEnd() {
      return socket.connectionEnd;
    },
    closed: socket.closed,
    /** Returns the handle that includes exactly `answeredPrompts` prompts and their replies, or undefined. */
    getResumptionHandle(answeredPrompts: number) {
      return state.resumption?.answeredPrompts === answeredPrompts ? state.resumption.handle : undefined;
    },
    /**
     * The time at which the service will end the session, in milliseconds since the epoch, if `goAway` announced it.
     */
    get endsAt() {
      return state.endsAt;
    },
    /** Sends a turn. Read the reply with `nextMessage`. */
    send(turn: LiveTurn) {
      // Late messages of the previous turn, such as its token counts, do not belong to this one.
      queue.clear();
      state.promptsSent += 1;
      hasSentTurn = true;
      socket.keepProcessAlive(true);
      if (turn.kind === 'clientContent')
        return sdkSession.sendClientContent({ turns: turn.contents, turnComplete: true });
      if (turn.history.length > 0) sdkSession.sendClientContent({ turns: turn.history, turnComplete: true });
      sdkSession.sendRealtimeInput({ text: turn.prompt });
    },
    /**
     * Resolves to the next message of the reply. Resolves to undefined once the session has ended, or once the promise
     * that the caller passes has resolved.
     */
    nextMessage: queue.next,
    /**
     * Whether parts of a reply or words of a transcript arrived after the last turn. The caller of `nextMessage` stops
     * at the end of a turn, so every unread message is late. False before the first turn.
     */
    hasLateContent: () => hasSentTurn && queue.some(hasContent),
    /** Call this after a turn. The session then does not keep the process alive until the next turn is sent. */
    markIdle: () => socket.keepProcessAlive(false),
    close: socket.close,
    terminate: socket.terminate,
  };
}

type MessageReceiver = ReturnType<typeof createMessageReceiver>;

/** A queue of received messages with one reader. */
function createMessageQueue<Message>() {
  const pending: Message[] = [];
  let isClosed = false;
  let wakeReader = () => {};
  return {
    push(message: Message) {
      pending.push(message);
      wakeReader();
    },
    /** Drops the unread messages. */
    clear() {
      pending.length = 0;
    },
    some: (isMatch: (message: Message) => boolean) => pending.some(isMatch),
    /**
     * Resolves to the next message. If no message is left, resolves to undefined once the queue is closed or `expired`
     * has resolved.
     */
    async next(expired?: Promise<void>): Promise<Message | undefined> {
      let isExpired = false;
      void expired?.then(() => {
        isExpired = true;
        wakeReader();
      });
      while (pending.length === 0 && !isClosed && !isExpired) {
        await new Promise<void>((resolve) => {
          wakeReader = resolve;
        });
      }
      return pending.shift();
    },
    close() {
      isClosed = true;
      wakeReader();
    },
  };
}

/** Whether a message has parts of a reply or words of a transcript. */
function hasContent({ serverContent }: LiveServerMessage): boolean {
  const parts: unknown = serverContent?.modelTurn?.parts;
  return Boolean(serverContent?.outputTranscription?.text) || (Array.isArray(parts) && parts.length > 0);
}

/** Parses a duration in protobuf's JSON format, such as `50s`. Returns 0 if it is malformed. */
function parseSeconds(timeLeft = ''): number {
  return Number(/^(\d+(?:\.\d+)?)s$/.exec(timeLeft)?.[1] ?? 0);
}
