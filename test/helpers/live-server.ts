import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { LiveDoor, LiveScript } from './live-replies.js';
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
  readonly open: number;
  readonly mostOpen: number;
  /** Queues scripts: each answers one turn. */
  reply(...scripts: LiveScript[]): void;
  /** Queues what happens to connections to come; `undefined` is an ordinary session. */
  meet(...doors: (LiveDoor | undefined)[]): void;
  /** Resolves when so many turns have arrived over all sessions. */
  received(turns: number): Promise<void>;
  /** Models that reply in text as well. */
  textModels: Set<string>;
  /** Models that take client content as history alone. */
  realtimeModels: Set<string>;
  /** How many sessions are allowed at once. Infinite unless set. */
  maxSessions: number;
  /** Whether sessions can be resumed. True unless set. */
  resumes: boolean;
}

export interface LiveServerOptions {
  /** Whether there is a Live model of that name, without `models/`. */
  knows: (model: string) => boolean;
  apiKey?: string | undefined;
}

/** What all sessions of a server share. */
export interface LiveStage extends LiveServer, LiveServerOptions {
  scripts: LiveScript[];
  /** The conversations that handles stand for: each user turn's last text, in order. */
  handles: Map<string, string[]>;
  /** To be called when a turn has arrived. */
  arrived(): void;
}

const path = /^\/+ws\/google\.ai\.generativelanguage\.v1beta\.GenerativeService\.BidiGenerateContent\?key=/;

/** Has an HTTP server speak Live as well. */
export function serveLive(server: Server, options: LiveServerOptions): LiveServer {
  const doors: (LiveDoor | undefined)[] = [];
  const sockets = new WebSocketServer({ noServer: true });
  const stage = createStage(options, doors);
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => {});
    if (!path.test(request.url ?? '')) return answer(socket, { status: 404, body: '' });
    const door = doors.shift();
    if (door?.at === 'upgrade') return refuseUpgrade(socket, door.comes);
    sockets.handleUpgrade(request, socket, head, (webSocket: WebSocket) =>
      serveSession({ webSocket, socket, request, stage, door }),
    );
  });
  return stage;
}

function createStage(options: LiveServerOptions, doors: (LiveDoor | undefined)[]): LiveStage {
  const waiting = new Set<() => void>();
  const isOpen = ({ closedAt }: LiveSessionLog) => closedAt === undefined;
  let mostOpen = 0;
  const stage: LiveStage = {
    ...options,
    ...{ sessions: [], scripts: [], handles: new Map(), textModels: new Set(), realtimeModels: new Set() },
    ...{ maxSessions: Number.POSITIVE_INFINITY, resumes: true },
    get open() {
      const open = stage.sessions.filter(isOpen).length;
      mostOpen = Math.max(mostOpen, open);
      return open;
    },
    get mostOpen() {
      return Math.max(mostOpen, stage.open);
    },
    reply: (...more) => void stage.scripts.push(...more),
    meet: (...more) => void doors.push(...more),
    arrived() {
      for (const look of waiting) look();
    },
    received: (turns) =>
      new Promise((resolve) => {
        const look = () => {
          if (stage.sessions.flatMap((session) => session.turns).length < turns) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
  };
  return stage;
}

function refuseUpgrade(socket: Duplex, comes: LiveDoor['comes']): void {
  if (comes === 'stall') return;
  if (comes === 'destroy' || 'code' in comes || 'frame' in comes) return void socket.destroy();
  answer(socket, comes);
}

function answer(
  socket: Duplex,
  { status, body, headers = {} }: { status: number; body: object | string; headers?: Record<string, string> },
): void {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const lines = Object.entries({ 'content-length': Buffer.byteLength(text), connection: 'close', ...headers });
  socket.end([`HTTP/1.1 ${status} No`, ...lines.map(([name, value]) => `${name}: ${value}`), '', text].join('\r\n'));
}
