import type { Agent, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { type ClientOptions, type RawData, WebSocket } from 'ws';
import type { BoticelliError } from '../../errors.js';
import { httpStatusOf, isRecord, parsedJson, serviceErrorIn } from '../errors/parse-error-body.js';
import { Headers } from '../transport/minimal-fetch.js';

/** How a connection came to its end. */
export type LiveEnd =
  /** It was closed. `code` is 1006 where there was no closing frame; then `cause` may say why. */
  | { how: 'closed'; code: number; reason: string; cause?: Error }
  /** It was never made, or the service told an error over it. */
  | { how: 'refused'; error: BoticelliError }
  /** A frame came that is none of Gemini's, or one that breaks the WebSocket protocol. */
  | { how: 'malformed'; frame: string };

export interface LiveSocketOptions {
  /** Leads through a proxy, where one is to be gone through. */
  agent: Agent | undefined;
  /** Whether setup is to ask for the turns of before, which `connect()` can't say. */
  historyFirst: boolean;
  /** What a connection that was not made stands for. */
  classifyNetwork(thrown: Error): BoticelliError;
  /** What an HTTP answer stands for that came instead of a WebSocket. */
  classifyAnswer(answer: { status: number; headers: Headers; body: string }): BoticelliError;
}

/** One WebSocket, made by the SDK through `factory` and watched by us. */
export interface LiveSocket {
  /** What `Live` calls its `webSocketFactory`. */
  factory: { create(url: string, headers: Record<string, string>, callbacks: SdkCallbacks): SdkSocket };
  /** Present as soon as it has ended. */
  readonly end: LiveEnd | undefined;
  /** Resolves when it has ended. */
  ended: Promise<LiveEnd>;
  /** Whether an open connection keeps the process alive. */
  holdProcess(holds: boolean): void;
  /** Closes it with a word to the service; resolves when it is closed, within a quarter of a second. */
  hangUp(): Promise<void>;
  /** Closes it at once. */
  terminate(): void;
}

/** What the SDK has a socket call. */
interface SdkCallbacks {
  onopen: () => void;
  onmessage: (event: { data: string }) => void;
}

/** What the SDK calls a socket by. */
interface SdkSocket {
  connect(): void;
  send(message: string): void;
  close(): void;
}

const farewellMs = 250;
/** A page that a proxy answers with is read up to here. */
const longestAnswer = 65_536;
const socketOptions: ClientOptions = { perMessageDeflate: false, maxPayload: 64 * 2 ** 20 };

/**
 * The seam below the SDK, as `serviceFetch` is for REST: it sees the answer to an upgrade, every frame before the SDK does,
 * and how the connection ends. The SDK (2.32) alone would wait for ever for a connection that fails, and let a frame that
 * is no JSON become an unhandled rejection.
 */
export function createLiveSocket(options: LiveSocketOptions): LiveSocket {
  let socket: WebSocket | undefined;
  let below: Socket | undefined;
  let end: LiveEnd | undefined;
  let resolveEnd: (end: LiveEnd) => void;
  const ended = new Promise<LiveEnd>((resolve) => {
    resolveEnd = resolve;
  });
  // The first word counts: what follows (a reset after a refusal, our own terminate) is only how the socket goes.
  const endBy = (how: LiveEnd) => {
    end ??= how;
    resolveEnd(end);
  };
  const terminate = () => {
    endBy({ how: 'closed', code: 1006, reason: '' });
    socket?.terminate();
  };

  const connect = (url: string, headers: Record<string, string>, callbacks: SdkCallbacks) => {
    if (end) return;
    socket = new WebSocket(url, { ...socketOptions, headers, agent: options.agent });
    const watched = { socket, options, callbacks, endBy };
    socket.on('upgrade', (answer) => {
      below = answer.socket;
    });
    watch(watched);
  };
  return {
    factory: {
      create: (url, headers, callbacks) => ({
        connect: () => connect(url, headers, callbacks),
        send: (message) => socket?.send(options.historyFirst ? withHistoryFirst(message) : message),
        close: terminate,
      }),
    },
    get end() {
      return end;
    },
    ended,
    holdProcess: (holds) => void (holds ? below?.ref() : below?.unref()),
    async hangUp() {
      if (socket?.readyState !== WebSocket.OPEN) return terminate();
      below?.ref();
      socket.close(1000);
      const patience = setTimeout(terminate, farewellMs);
      await ended;
      clearTimeout(patience);
    },
    terminate,
  };
}

interface Watched {
  socket: WebSocket;
  options: LiveSocketOptions;
  callbacks: SdkCallbacks;
  endBy: (end: LiveEnd) => void;
}

/** Hears all that a socket can say. It always has a listener for errors: without one they would end the process. */
function watch({ socket, options, callbacks, endBy }: Watched): void {
  let failure: Error | undefined;
  let opened = false;
  socket.on('open', () => {
    opened = true;
    callbacks.onopen();
  });
  socket.on('message', (data: RawData) => {
    if (socket.readyState !== WebSocket.OPEN) return;
    const frame = data.toString();
    const fault = faultOfFrame(frame, options);
    if (!fault) return callbacks.onmessage({ data: frame });
    endBy(fault);
    socket.terminate();
  });
  socket.on('unexpected-response', async (_, answer: IncomingMessage) => {
    endBy({ how: 'refused', error: options.classifyAnswer(await readAnswer(answer)) });
    socket.terminate();
  });
  socket.on('error', (error: Error) => {
    failure = error;
    if (isOfProtocol(error)) endBy({ how: 'malformed', frame: error.message });
    else if (!opened) endBy({ how: 'refused', error: options.classifyNetwork(error) });
  });
  socket.on('close', (code, reason) =>
    endBy({ how: 'closed', code, reason: reason.toString(), ...(failure && { cause: failure }) }),
  );
}

/** What is wrong with a frame that the SDK had better not see: undocumented, but gateways tell errors in one. */
function faultOfFrame(frame: string, { classifyAnswer }: LiveSocketOptions): LiveEnd | undefined {
  const parsed = parsedJson(frame);
  if (!isRecord(parsed)) return { how: 'malformed', frame };
  const error = serviceErrorIn(parsed);
  if (!error) return undefined;
  return {
    how: 'refused',
    error: classifyAnswer({ status: httpStatusOf(error), headers: new Headers(), body: frame }),
  };
}

/** ws names what is wrong with a frame by codes such as WS_ERR_INVALID_UTF8. */
function isOfProtocol(error: Error): boolean {
  return String(Reflect.get(error, 'code')).startsWith('WS_ERR_');
}

async function readAnswer(answer: IncomingMessage): Promise<{ status: number; headers: Headers; body: string }> {
  const headers = new Headers();
  for (const [name, value] of Object.entries(answer.headers)) headers.set(name, String(value));
  let body = '';
  try {
    for await (const piece of answer.setEncoding('utf8')) {
      body += piece;
      if (body.length > longestAnswer) break;
    }
  } catch {
    // The status says enough where the body can't be had.
  }
  return { status: answer.statusCode ?? 0, headers, body };
}

/** `connect()` of @google/genai 2.32 drops `historyConfig`: it is put into the setup on its way out. */
function withHistoryFirst(message: string): string {
  const parsed = parsedJson(message);
  if (!isRecord(parsed) || !isRecord(parsed.setup)) return message;
  return JSON.stringify({ setup: { ...parsed.setup, historyConfig: { initialHistoryInClientContent: true } } });
}
