import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { createCondition } from '../condition.js';
import type { ConnectionScript, LiveScript } from './live-replies.js';
import { type LiveServerState, type ServerSession, serveSession } from './live-session.js';

/**
 * A fake of Gemini's Live API, part of the loopback server of server.ts (`server.live`), at the same base URL as
 * REST and server-sent events.
 *
 *     server.live.queueReplies(spokenReply(['Hi']), { ...spokenReply(['Yo']), end: closeFrames.internal });  // two turns
 *     server.live.queueConnections({ at: 'setup', action: closeFrames.quota });                   // the next connection
 *     … inspect server.live.sessions …
 *
 * The protocol, over WebSocket at `//ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent?key=K`
 * (the double slash is the SDK's), with a JSON message per frame:
 *
 * - The client starts: `{setup: {model: "models/M", generationConfig: {responseModalities: ["AUDIO"]}, systemInstruction?,
 *   outputAudioTranscription?, sessionResumption?: {handle?}, historyConfig?: {initialHistoryInClientContent}}}`; the server
 *   replies `{setupComplete: {}}`. Server frames are binary unless a script has `as: 'text'`; both are JSON.
 * - A turn: `{clientContent: {turns: [{role, parts}], turnComplete: true}}`, or `{realtimeInput: {text}}`. With
 *   `initialHistoryInClientContent` the first client content is history and gets no reply.
 * - The reply: `{serverContent: {modelTurn: {parts: [{text, thought?} | {inlineData: {mimeType, data}}]}}}` and
 *   `{serverContent: {outputTranscription: {text, finished?}}}` in pieces, `{serverContent: {generationComplete: true}}`, then
 *   `{serverContent: {turnComplete: true}, usageMetadata: {promptTokenCount, responseTokenCount, totalTokenCount}}`. Then
 *   `{sessionResumptionUpdate: {newHandle, resumable: true}}`, if the setup requested it: a connection with that handle
 *   continues the conversation, once.
 * - The server closes the session with 1007 if the setup asks a model that is not in `textReplyAllowed` for text (the
 *   modality TEXT), if a model in `promptsOnlyAsRealtimeInput` gets client content that is not history, if the key is
 *   invalid, or if the handle is unknown. It closes the session with 1008 if the model is unknown, and with 1011 if
 *   more than `maxSessions` sessions are open.
 *
 * A reply comes from the queue of scripts, else it is `Reply <n> of <model> to "<the last text>"`, where n is the number of
 * user turns in the session. Over REST the same conversation gets the same text.
 */
export interface LiveServer {
  /** All WebSocket connections that were opened, in order. */
  sessions: ServerSession[];
  /** The number of WebSockets that are open now. */
  readonly openCount: number;
  /** The maximum number of WebSockets that were open at the same time. */
  readonly peakOpenCount: number;
  /** Queues scripts, each for one turn. */
  queueReplies(...scripts: LiveScript[]): void;
  /** Removes the queued scripts of turns. */
  clearReplies(): void;
  /** Queues scripts, each for one connection; `undefined` is an ordinary session. */
  queueConnections(...scripts: (ConnectionScript | undefined)[]): void;
  /** Resolves when at least `count` turns have arrived, in all sessions together. */
  waitForTurns(count: number): Promise<void>;
  /** The models for which a setup may ask for text. A queued script may still be a spoken reply. */
  textReplyAllowed: Set<string>;
  /** The models that accept prompts only as `realtimeInput`, and `clientContent` only as history. */
  promptsOnlyAsRealtimeInput: Set<string>;
  /** The maximum number of sessions at the same time. Default infinite. */
  maxSessions: number;
  /** Whether sessions can be resumed. Default true. */
  allowsResumption: boolean;
}

export type LiveServerOptions = Pick<LiveServerState, 'hasModel' | 'apiKey'>;

const path = /^\/+ws\/google\.ai\.generativelanguage\.v1beta\.GenerativeService\.BidiGenerateContent\?key=/;

/** Adds the Live API to an HTTP server. */
export function attachLiveServer(server: Server, options: LiveServerOptions): LiveServer {
  const connectionScripts: (ConnectionScript | undefined)[] = [];
  const sockets = new WebSocketServer({ noServer: true });
  const state = createServerState(options, connectionScripts);
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => {});
    if (!path.test(request.url ?? '')) return sendHttpResponse(socket, { status: 404, body: '' });
    const connectionScript = connectionScripts.shift();
    if (connectionScript?.at === 'upgrade') return rejectUpgrade(socket, connectionScript.action);
    sockets.handleUpgrade(request, socket, head, (webSocket: WebSocket) =>
      serveSession({ webSocket, socket, request, state, connectionScript }),
    );
  });
  return state;
}

function createServerState(
  options: LiveServerOptions,
  connectionScripts: (ConnectionScript | undefined)[],
): LiveServer & LiveServerState {
  const turnsChanged = createCondition();
  const isOpen = ({ closedAt }: ServerSession) => closedAt === undefined;
  let peakOpenCount = 0;
  const state: LiveServer & LiveServerState = {
    ...options,
    ...{
      sessions: [],
      scripts: [],
      handles: new Map(),
      textReplyAllowed: new Set(),
      promptsOnlyAsRealtimeInput: new Set(),
    },
    ...{ maxSessions: Number.POSITIVE_INFINITY, allowsResumption: true },
    get openCount() {
      const openCount = state.sessions.filter(isOpen).length;
      peakOpenCount = Math.max(peakOpenCount, openCount);
      return openCount;
    },
    get peakOpenCount() {
      return Math.max(peakOpenCount, state.openCount);
    },
    queueReplies: (...more) => void state.scripts.push(...more),
    clearReplies: () => void state.scripts.splice(0),
    queueConnections: (...more) => void connectionScripts.push(...more),
    notifyTurn: turnsChanged.notify,
    waitForTurns: (count) => turnsChanged.waitUntil(() => state.sessions.flatMap(({ turns }) => turns).length >= count),
  };
  return state;
}

function rejectUpgrade(socket: Duplex, action: ConnectionScript['action']): void {
  if (action === 'stall') return;
  if (action === 'destroy' || 'code' in action || 'frame' in action) return void socket.destroy();
  sendHttpResponse(socket, action);
}

function sendHttpResponse(
  socket: Duplex,
  { status, body, headers = {} }: { status: number; body: object | string; headers?: Record<string, string> },
): void {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const lines = Object.entries({ 'content-length': Buffer.byteLength(text), connection: 'close', ...headers });
  socket.end([`HTTP/1.1 ${status} No`, ...lines.map(([name, value]) => `${name}: ${value}`), '', text].join('\r\n'));
}
