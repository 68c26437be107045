import type { Agent, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { type ClientOptions, type RawData, WebSocket } from 'ws';
import type { BoticelliError } from '../../errors.js';
import { isRecord, tryParseJson } from '../../util/json.js';
import { extractServiceError, getHttpStatus } from '../errors/parse-error-body.js';
import { Headers } from '../transport/minimal-fetch.js';

/** How a connection came to its end. */
export type CloseReason =
  /** It was closed. `code` is 1006 where there was no closing frame; then `cause` may say why. */
  | { kind: 'closed'; code: number; reason: string; cause?: Error }
  /** It was never made, or the service told an error over it. */
  | { kind: 'refused'; error: BoticelliError }
  /** A frame came that is none of Gemini's, or one that breaks the WebSocket protocol. */
  | { kind: 'malformed'; frame: string };

export interface LiveSocketOptions {
  /** Leads through a proxy, where one is to be gone through. */
  agent: Agent | undefined;
  /** Whether setup is to ask for the turns of before, which `connect()` can't say. */
  sendsInitialHistory: boolean;
  /** What a connection that was not made stands for. */
  classifyConnectError(thrown: Error): BoticelliError;
  /** What an HTTP answer stands for that came instead of a WebSocket. */
  classifyUpgradeError(response: { status: number; headers: Headers; body: string }): BoticelliError;
}

/** One WebSocket, made by the SDK through `factory` and watched by us. */
export interface LiveSocket {
  /** What `Live` calls its `webSocketFactory`. */
  factory: { create(url: string, headers: Record<string, string>, callbacks: SdkCallbacks): SdkSocket };
  /** Present as soon as it has ended. */
  readonly closeReason: CloseReason | undefined;
  /** Resolves when it has ended. */
  closed: Promise<CloseReason>;
  /** Whether an open connection keeps the process alive. */
  keepProcessAlive(keepAlive: boolean): void;
  /** Closes it with a word to the service; resolves when it is closed, within a quarter of a second. */
  close(): Promise<void>;
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

const closeTimeoutMs = 250;
/** A page that a proxy answers with is read up to here. */
const maxBodyChars = 65_536;
const socketOptions: ClientOptions = { perMessageDeflate: false, maxPayload: 64 * 2 ** 20 };

/**
 * The seam below the SDK, as `serviceFetch` is for REST: it sees the answer to an upgrade, every frame before the SDK does,
 * and how the connection ends. The SDK (2.32) alone would wait for ever for a connection that fails, and let a frame that
 * is no JSON become an unhandled rejection.
 */
export function createLiveSocket(options: LiveSocketOptions): LiveSocket {
  let socket: WebSocket | undefined;
  let tcpSocket: Socket | undefined;
  let closeReason: CloseReason | undefined;
  let resolveClosed: (reason: CloseReason) => void;
  const closed = new Promise<CloseReason>((resolve) => {
    resolveClosed = resolve;
  });
  // The first word counts: what follows (a reset after a refusal, our own terminate) is only how the socket goes.
  const setCloseReason = (reason: CloseReason) => {
    closeReason ??= reason;
    resolveClosed(closeReason);
  };
  const terminate = () => {
    setCloseReason({ kind: 'closed', code: 1006, reason: '' });
    socket?.terminate();
  };

  const connect = (url: string, headers: Record<string, string>, callbacks: SdkCallbacks) => {
    if (closeReason) return;
    socket = new WebSocket(url, { ...socketOptions, headers, agent: options.agent });
    const listenerOptions = { socket, options, callbacks, setCloseReason };
    socket.on('upgrade', (response) => {
      tcpSocket = response.socket;
    });
    attachListeners(listenerOptions);
  };
  return {
    factory: {
      create: (url, headers, callbacks) => ({
        connect: () => connect(url, headers, callbacks),
        send: (message) => socket?.send(options.sendsInitialHistory ? addHistoryConfig(message) : message),
        close: terminate,
      }),
    },
    get closeReason() {
      return closeReason;
    },
    closed,
    keepProcessAlive: (keepAlive) => void (keepAlive ? tcpSocket?.ref() : tcpSocket?.unref()),
    async close() {
      if (socket?.readyState !== WebSocket.OPEN) return terminate();
      tcpSocket?.ref();
      socket.close(1000);
      const closeTimer = setTimeout(terminate, closeTimeoutMs);
      await closed;
      clearTimeout(closeTimer);
    },
    terminate,
  };
}

interface ListenerOptions {
  socket: WebSocket;
  options: LiveSocketOptions;
  callbacks: SdkCallbacks;
  setCloseReason: (reason: CloseReason) => void;
}

/** Hears all that a socket can say. It always has a listener for errors: without one they would end the process. */
function attachListeners({ socket, options, callbacks, setCloseReason }: ListenerOptions): void {
  let socketError: Error | undefined;
  let isOpen = false;
  socket.on('open', () => {
    isOpen = true;
    callbacks.onopen();
  });
  socket.on('message', (data: RawData) => {
    if (socket.readyState !== WebSocket.OPEN) return;
    const frame = data.toString();
    const frameError = checkFrame(frame, options);
    if (!frameError) return callbacks.onmessage({ data: frame });
    setCloseReason(frameError);
    socket.terminate();
  });
  socket.on('unexpected-response', async (_, response: IncomingMessage) => {
    setCloseReason({ kind: 'refused', error: options.classifyUpgradeError(await readResponse(response)) });
    socket.terminate();
  });
  socket.on('error', (error: Error) => {
    socketError = error;
    if (isProtocolError(error)) setCloseReason({ kind: 'malformed', frame: error.message });
    else if (!isOpen) setCloseReason({ kind: 'refused', error: options.classifyConnectError(error) });
  });
  socket.on('close', (code, reason) =>
    setCloseReason({ kind: 'closed', code, reason: reason.toString(), ...(socketError && { cause: socketError }) }),
  );
}

/** What is wrong with a frame that the SDK had better not see: undocumented, but gateways tell errors in one. */
function checkFrame(frame: string, { classifyUpgradeError }: LiveSocketOptions): CloseReason | undefined {
  const parsed = tryParseJson(frame);
  if (!isRecord(parsed)) return { kind: 'malformed', frame };
  const error = extractServiceError(parsed);
  if (!error) return undefined;
  return {
    kind: 'refused',
    error: classifyUpgradeError({ status: getHttpStatus(error), headers: new Headers(), body: frame }),
  };
}

/** ws names what is wrong with a frame by codes such as WS_ERR_INVALID_UTF8. */
function isProtocolError(error: Error): boolean {
  return String(Reflect.get(error, 'code')).startsWith('WS_ERR_');
}

async function readResponse(response: IncomingMessage): Promise<{ status: number; headers: Headers; body: string }> {
  const headers = new Headers();
  for (const [name, value] of Object.entries(response.headers)) headers.set(name, String(value));
  let body = '';
  try {
    for await (const chunk of response.setEncoding('utf8')) {
      body += chunk;
      if (body.length > maxBodyChars) break;
    }
  } catch {
    // The status says enough where the body can't be had.
  }
  return { status: response.statusCode ?? 0, headers, body };
}

/** `connect()` of @google/genai 2.32 drops `historyConfig`: it is put into the setup on its way out. */
function addHistoryConfig(message: string): string {
  const parsed = tryParseJson(message);
  if (!isRecord(parsed) || !isRecord(parsed.setup)) return message;
  return JSON.stringify({ setup: { ...parsed.setup, historyConfig: { initialHistoryInClientContent: true } } });
}
