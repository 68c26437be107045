import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { ConnectionScript, LiveScript } from './live-replies.js';
import { type LiveSessionLog, serveSession } from './live-session.js';

/**
 * Gemini's Live service, played on the loopback server of gemini-server.ts (`server.live`): the same base URL serves
 * REST, server-sent events and this.
 *
 *     server.live.reply(spoken(['Hel', 'lo']), { ...spoken(['Hi']), end: closes.internal });   // for the next two turns
 *     server.live.meet({ at: 'setup', comes: closes.quota });                                   // for the next connection
 *     … look at server.live.sessions …
 *
 * What it speaks, over WebSocket at `//ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent?key=K`
 * (the double slash is the SDK's), a JSON message a frame:
 *
 * - The client begins: `{setup: {model: "models/M", generationConfig: {responseModalities: ["AUDIO"]}, systemInstruction?,
 *   outputAudioTranscription?, sessionResumption?: {handle?}, historyConfig?: {initialHistoryInClientContent}}}`; the server
 *   answers `{setupComplete: {}}`. Server frames are binary unless a script says `as: 'text'`; both are JSON.
 * - A turn: `{clientContent: {turns: [{role, parts}], turnComplete: true}}`, or `{realtimeInput: {text}}`. With
 *   `initialHistoryInClientContent` the first client content is history and starts no reply.
 * - The reply: `{serverContent: {modelTurn: {parts: [{text, thought?} | {inlineData: {mimeType, data}}]}}}` and
 *   `{serverContent: {outputTranscription: {text}}}` as it comes, `{serverContent: {generationComplete: true}}`, then
 *   `{serverContent: {turnComplete: true}, usageMetadata: {promptTokenCount, responseTokenCount, totalTokenCount}}`. Then
 *   `{sessionResumptionUpdate: {newHandle, resumable: true}}`, if the setup asked for it: who connects with that handle
 *   goes on in the same conversation, once.
 * - What it does not like it closes with: 1007 for TEXT (but of models in `textModels`), for client content of models in
 *   `realtimeModels` beyond history, for a wrong key and for an unknown handle; 1008 for a model that is not there; 1011 for
 *   more sessions at once than `maxSessions`.
 *
 * A reply comes from the queue of scripts, else it is `Reply <n> of <model> to "<the last text>"`, n being the number of
 * the user's turns that the session knows, as over REST: the same conversation gets the same text by either way.
 */
export interface LiveServer {
  /** Every connection that was tried, in order. */
  sessions: LiveSessionLog[];
  /** How many WebSockets are open now, and how many were at once at the most. */
  readonly openCount: number;
  readonly maxOpenCount: number;
  /** Queues scripts: each answers one turn. */
  queueReplies(...scripts: LiveScript[]): void;
  /** Queues what happens to connections to come; `undefined` is an ordinary session. */
  queueConnections(...scripts: (ConnectionScript | undefined)[]): void;
  /** Resolves when so many turns have arrived over all sessions. */
  waitForTurns(turns: number): Promise<void>;
  /** Models that reply in text as well. */
  textModels: Set<string>;
  /** Models that take client content as history alone. */
  realtimeModels: Set<string>;
  /** How many sessions are allowed at once. Infinite unless set. */
  maxSessions: number;
  /** Whether sessions can be resumed. True unless set. */
  allowsResumption: boolean;
}

export interface LiveServerOptions {
  /** Whether there is a Live model of that name, without `models/`. */
  hasModel: (model: string) => boolean;
  apiKey?: string | undefined;
}

/** What all sessions of a server share. */
export interface LiveServerState extends LiveServer, LiveServerOptions {
  scripts: LiveScript[];
  /** The conversations that handles stand for: each user turn's last text, in order. */
  handles: Map<string, string[]>;
  /** To be called when a turn has arrived. */
  notifyTurn(): void;
}

const path = /^\/+ws\/google\.ai\.generativelanguage\.v1beta\.GenerativeService\.BidiGenerateContent\?key=/;

/** Has an HTTP server speak Live as well. */
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
): LiveServerState {
  const turnListeners = new Set<() => void>();
  const isOpen = ({ closedAt }: LiveSessionLog) => closedAt === undefined;
  let maxOpenCount = 0;
  const state: LiveServerState = {
    ...options,
    ...{ sessions: [], scripts: [], handles: new Map(), textModels: new Set(), realtimeModels: new Set() },
    ...{ maxSessions: Number.POSITIVE_INFINITY, allowsResumption: true },
    get openCount() {
      const openCount = state.sessions.filter(isOpen).length;
      maxOpenCount = Math.max(maxOpenCount, openCount);
      return openCount;
    },
    get maxOpenCount() {
      return Math.max(maxOpenCount, state.openCount);
    },
    queueReplies: (...more) => void state.scripts.push(...more),
    queueConnections: (...more) => void connectionScripts.push(...more),
    notifyTurn() {
      for (const check of turnListeners) check();
    },
    waitForTurns: (turns) =>
      new Promise((resolve) => {
        const check = () => {
          if (state.sessions.flatMap((session) => session.turns).length < turns) return;
          turnListeners.delete(check);
          resolve();
        };
        turnListeners.add(check);
        check();
      }),
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
