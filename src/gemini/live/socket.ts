import type { Agent, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { type ClientOptions, type RawData, WebSocket } from 'ws';
import type { BoticelliError } from '../../errors.js';
import { hasTooManyValues, isDeeperThan, isRecord, tryParseJson } from '../../util/json.js';
import type { ErrorResponse } from '../errors/error-response.js';
import { extractServiceError, getHttpStatus } from '../errors/parse-error-body.js';
import { maxBodyBytes } from '../transport/body-limit.js';
import { convertHeaders } from '../transport/http.js';
import { Headers } from '../transport/minimal-fetch.js';

/** How a connection ended, or why it was never opened. */
export type ConnectionEnd =
  /** Closed. If no closing frame arrived, `code` is 1006, `reason` is empty, and `cause` may be the error. */
  | { kind: 'closed'; code: number; reason: string; cause?: Error }
  /** The connection was never opened, or we ended it because the service sent an error or too much data. */
  | { kind: 'refused'; error: BoticelliError }
  /** A frame was invalid. `detail` is its text, or the message of the error with which ws rejects the frame. */
  | { kind: 'malformed'; detail: string };

/** The options of `createLiveSocket`. */
export interface LiveSocketOptions {
  /** The agent of a proxy, if there is one. */
  agent: Agent | undefined;
  /** Whether the setup message must announce earlier turns, which the SDK's `connect()` can't do. */
  announcesHistoryInSetup: boolean;
  /** Classifies the error of a connection that was not opened. */
  classifyConnectError(thrown: Error): BoticelliError;
  /**
   * Creates the error for a turn whose messages together are larger than `maxBodyBytes`, or for a message with too many
   * values.
   */
  createTooLargeError(): BoticelliError;
  /** Classifies an HTTP response that arrived instead of a WebSocket upgrade, or an error that arrived in a frame. */
  classifyErrorResponse(response: ErrorResponse): BoticelliError;
}

/** One WebSocket, which the SDK creates through `factory`. */
export type LiveSocket = ReturnType<typeof createLiveSocket>;

/** The callbacks that the SDK passes to a socket. */
interface SdkCallbacks {
  onopen: () => void;
  onmessage: (event: { data: string }) => void;
}

/** Long enough for a round trip to a distant server on a busy machine. */
const closeTimeoutMs = 1000;
/** The maximum depth of a message. A deeper one would overflow the stack when it is serialized. */
const maxFrameDepth = 500;
/** How much of the body is read if an HTTP response arrives instead of the upgrade. */
const maxErrorBodyChars = 65_536;
const socketOptions: ClientOptions = { perMessageDeflate: false, maxPayload: maxBodyBytes };
/** What a message takes in memory besides its text. Without it, millions of empty messages would be allowed. */
const messageOverheadBytes = 200;

/**
 * Creates the WebSocket that the SDK uses. It handles the response to the upgrade, checks each frame before the SDK
 * gets it, and detects the end of the connection. With a socket of its own, the SDK (2.32) would wait forever for a
 * connection that fails, and would turn a frame that is not JSON into an unhandled rejection.
 */
export function createLiveSocket(options: LiveSocketOptions) {
  let socket: WebSocket | undefined;
  let tcpSocket: Socket | undefined;
  let connectionEnd: ConnectionEnd | undefined;
  const counter = createSizeCounter();
  let resolveClosed: (end: ConnectionEnd) => void;
  const closed = new Promise<ConnectionEnd>((resolve) => {
    resolveClosed = resolve;
  });
  // The first end is kept. A later one, such as a reset after an HTTP error or our own terminate, follows from it.
  const setConnectionEnd = (end: ConnectionEnd) => {
    connectionEnd ??= end;
    resolveClosed(connectionEnd);
  };
  /** Closes the connection at once. */
  const terminate = () => {
    setConnectionEnd({ kind: 'closed', code: 1006, reason: '' });
    socket?.terminate();
  };

  const connect = (url: string, headers: Record<string, string>, callbacks: SdkCallbacks) => {
    if (connectionEnd) return;
    socket = new WebSocket(url, { ...socketOptions, headers, agent: options.agent });
    socket.on('upgrade', (response) => {
      tcpSocket = response.socket;
    });
    attachListeners(socket, { ...options, countFrame: counter.countFrame }, callbacks, setConnectionEnd);
  };
  return {
    /** The `webSocketFactory` of the SDK's `Live`, with the methods of a socket that the SDK calls. */
    factory: {
      create: (url: string, headers: Record<string, string>, callbacks: SdkCallbacks) => ({
        connect: () => connect(url, headers, callbacks),
        send: (message: string) => {
          counter.reset();
          socket?.send(options.announcesHistoryInSetup ? addHistoryConfig(message) : message);
        },
        close: terminate,
      }),
    },
    /** Present once the connection has ended. */
    get connectionEnd() {
      return connectionEnd;
    },
    closed,
    /** Sets whether an open connection keeps the process alive. */
    keepProcessAlive: (keepAlive: boolean) => void (keepAlive ? tcpSocket?.ref() : tcpSocket?.unref()),
    /** Sends a closing frame. Resolves when the connection is closed, after a second at most. */
    async close(): Promise<void> {
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

/** After this many messages, reading pauses. */
const messagesBetweenPauses = 1000;

/**
 * Creates a function to call for each message. It regularly pauses the socket until signals and timers are handled. A
 * pause begins after the current chunk of up to 64 KB. Without pauses, signals and timers could wait until Node has read
 * 2 MB, which may be half a million messages.
 */
function createPauses(socket: WebSocket): () => void {
  let messageCount = 0;
  return () => {
    messageCount += 1;
    if (messageCount % messagesBetweenPauses !== 0 || socket.isPaused) return;
    socket.pause();
    setImmediate(() => socket.resume());
  };
}

/**
 * Adds up the size of the messages received since we last sent one. They stay in memory until they are read, so their
 * total size is limited.
 */
function createSizeCounter() {
  let receivedBytes = 0;
  return {
    reset: () => {
      receivedBytes = 0;
    },
    /**
     * Adds a frame. Returns whether all frames together are small enough and this frame does not have too many values.
     */
    countFrame(frame: string): boolean {
      receivedBytes += frame.length + messageOverheadBytes;
      return receivedBytes <= maxBodyBytes && !hasTooManyValues(frame);
    },
  };
}

/** Attaches all listeners. Without the listener for errors, an error would end the process. */
function attachListeners(
  socket: WebSocket,
  options: LiveSocketOptions & { countFrame: (frame: string) => boolean },
  callbacks: SdkCallbacks,
  setConnectionEnd: (end: ConnectionEnd) => void,
): void {
  let socketError: Error | undefined;
  let isOpen = false;
  const pauseSometimes = createPauses(socket);
  socket.on('open', () => {
    isOpen = true;
    callbacks.onopen();
  });
  socket.on('message', (data: RawData) => {
    if (socket.readyState !== WebSocket.OPEN) return;
    pauseSometimes();
    const frame = data.toString();
    const isWithinLimits = options.countFrame(frame);
    const parsed = isWithinLimits ? tryParseJson(frame) : undefined;
    const frameError = isWithinLimits
      ? findFrameError(frame, parsed, options)
      : ({ kind: 'refused', error: options.createTooLargeError() } as const);
    if (!frameError) return callbacks.onmessage({ data: removeGetterFields(frame, parsed) });
    setConnectionEnd(frameError);
    socket.terminate();
  });
  socket.on('unexpected-response', async (_, response: IncomingMessage) => {
    setConnectionEnd({ kind: 'refused', error: options.classifyErrorResponse(await readResponse(response)) });
    socket.terminate();
  });
  socket.on('error', (error: Error) => {
    socketError = error;
    const code = String(Reflect.get(error, 'code'));
    if (code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH')
      setConnectionEnd({ kind: 'refused', error: options.createTooLargeError() });
    // For invalid frames, ws uses error codes such as WS_ERR_INVALID_UTF8.
    else if (code.startsWith('WS_ERR_')) setConnectionEnd({ kind: 'malformed', detail: error.message });
    else if (!isOpen) setConnectionEnd({ kind: 'refused', error: options.classifyConnectError(error) });
  });
  socket.on('close', (code, reason) =>
    setConnectionEnd({ kind: 'closed', code, reason: reason.toString(), ...(socketError && { cause: socketError }) }),
  );
}

/**
 * Returns how the connection ends because of a frame that must not reach the SDK: a frame that contains an error, is
 * not a JSON object, or is nested too deeply. Gateways send errors in frames, although this is not documented.
 */
function findFrameError(
  frame: string,
  parsed: unknown,
  { classifyErrorResponse }: LiveSocketOptions,
): ConnectionEnd | undefined {
  if (!isRecord(parsed) || isDeeperThan(parsed, maxFrameDepth)) return { kind: 'malformed', detail: frame };
  const error = extractServiceError(parsed);
  if (!error) return undefined;
  const response = { status: getHttpStatus(error), headers: new Headers(), body: frame, isStatusFromBody: true };
  return { kind: 'refused', error: classifyErrorResponse(response) };
}

/**
 * Removes the fields that have the name of a getter of `LiveServerMessage`. The SDK (2.32) assigns all fields of a
 * message, and assigning one of these throws a TypeError that nobody can catch.
 */
function removeGetterFields(frame: string, parsed: unknown): string {
  if (!isRecord(parsed) || !('text' in parsed || 'data' in parsed)) return frame;
  const { text: _, data: __, ...fields } = parsed;
  return JSON.stringify(fields);
}

async function readResponse(response: IncomingMessage): Promise<ErrorResponse> {
  let body = '';
  try {
    for await (const chunk of response.setEncoding('utf8')) {
      body += chunk;
      if (body.length > maxErrorBodyChars) break;
    }
  } catch {
    // If the body can't be read completely, the status still classifies the error.
  }
  return { status: response.statusCode ?? 0, headers: convertHeaders(response), body };
}

/** Adds `historyConfig` to the setup message, because `connect()` of @google/genai 2.32 drops it. */
function addHistoryConfig(message: string): string {
  const parsed = tryParseJson(message);
  if (!isRecord(parsed) || !isRecord(parsed.setup)) return message;
  return JSON.stringify({ setup: { ...parsed.setup, historyConfig: { initialHistoryInClientContent: true } } });
}
