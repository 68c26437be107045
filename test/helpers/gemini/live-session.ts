import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { RawData, WebSocket } from 'ws';
import {
  type ConnectionScript,
  closeFrames,
  type LiveClose,
  type LiveFrame,
  type LiveScript,
  serverContent,
  spokenReply,
  writtenReply,
} from './live-replies.js';

/** A connection, as recorded by the server. */
export interface LiveSessionLog {
  /** The setup; undefined until it has arrived. */
  // biome-ignore lint/suspicious/noExplicitAny: tests read any part of it.
  setup: any;
  /** Without `models/`. */
  model: string;
  /** All messages of the client, the setup first. */
  // biome-ignore lint/suspicious/noExplicitAny: tests read any part of them.
  messages: any[];
  /** The last text of each user turn. If a handle resumes an earlier session, the turns of that session come first. */
  turns: string[];
  /** The texts of the turns that requested a reply in this session. */
  prompts: string[];
  /** The total size of the client's messages. */
  bytes: number;
  openedAt: number;
  /** When the socket was closed by either side, in milliseconds since the epoch; undefined while it is open. */
  closedAt: number | undefined;
  /** Resolves to `closedAt`. */
  closed: Promise<number>;
  /** The code of the client's close frame; 1006 if there was no such frame. */
  closeCode: number | undefined;
  /** Whether the server closed it. */
  closedByServer: boolean;
  /** Sends a message outside of a reply. */
  send(frame: LiveFrame): void;
  /** Closes it with a code, or destroys the socket. */
  close(reason: LiveClose | 'destroy' | 'reset'): void;
}

/** The state that all sessions of a server share. */
export interface LiveServerState {
  sessions: LiveSessionLog[];
  readonly openCount: number;
  /** The models for which a setup may ask for text. Asking does not guarantee that the reply is text. */
  textReplyAllowed: Set<string>;
  /** The models that accept prompts only as `realtimeInput`, and `clientContent` only as history. */
  clientContentOnlyAsHistory: Set<string>;
  maxSessions: number;
  allowsResumption: boolean;
  /** Whether a Live model of this name (without `models/`) exists. */
  hasModel: (model: string) => boolean;
  apiKey?: string | undefined;
  scripts: LiveScript[];
  /** By handle, the conversation that it resumes: the last text of each user turn, in order. */
  handles: Map<string, string[]>;
  /** To be called when a turn has arrived. */
  notifyTurn(): void;
}

interface Connection {
  webSocket: WebSocket;
  socket: Duplex;
  request: IncomingMessage;
  state: LiveServerState;
  connectionScript: ConnectionScript | undefined;
}

/** Serves one WebSocket until it is closed. */
export function serveSession(connection: Connection): void {
  const { webSocket, request, state, connectionScript } = connection;
  const log = createLog(connection);
  const key = new URL(request.url?.replace(/^\/+/, '/') ?? '/', 'http://localhost').searchParams.get('key') ?? '';
  state.sessions.push(log);
  // Reading the count updates `peakOpenCount`.
  void state.openCount;
  if (connectionScript?.at === 'open') applyConnectionScript(connectionScript, log);
  // Messages are handled one at a time.
  let previous = Promise.resolve();
  webSocket.on('message', (data: RawData) => {
    const message = JSON.parse(data.toString());
    log.messages.push(message);
    log.bytes += Buffer.byteLength(data.toString());
    previous = previous.then(() =>
      message.setup ? handleSetup(message.setup, key, connection, log) : handleMessage(message, connection, log),
    );
  });
}

function createLog({ webSocket, socket }: Connection): LiveSessionLog {
  const send = (frame: LiveFrame) => sendFrame(webSocket, frame);
  const log: LiveSessionLog = {
    ...{ setup: undefined, model: '', messages: [], turns: [], prompts: [], bytes: 0, openedAt: Date.now() },
    ...{ closedAt: undefined, closeCode: undefined, closedByServer: false, send },
    closed: new Promise((resolve) => {
      webSocket.on('close', (code) => {
        log.closedAt = Date.now();
        log.closeCode = code;
        resolve(log.closedAt);
      });
    }),
    close(reason) {
      log.closedByServer = true;
      if (reason === 'destroy') socket.destroy();
      else if (reason === 'reset') Reflect.get(socket, 'resetAndDestroy').call(socket);
      else webSocket.close(reason.code, reason.reason);
    },
  };
  webSocket.on('error', () => {});
  return log;
}

function sendFrame(webSocket: WebSocket, frame: LiveFrame, as: 'binary' | 'text' = 'binary'): void {
  if (typeof frame === 'string') webSocket.send(frame);
  else if (frame instanceof Uint8Array) webSocket.send(frame);
  else webSocket.send(`${JSON.stringify(frame, null, 2)}\n`, { binary: as === 'binary' });
}

function applyConnectionScript({ action }: ConnectionScript, log: LiveSessionLog): void {
  if (action === 'stall') return;
  if (action === 'destroy') log.close('destroy');
  else if ('frame' in action) log.send(action.frame);
  else if ('code' in action) log.close(action);
}

/** Returns why a setup is rejected, if it is. */
function findRejection(setup: LiveSessionLog['setup'], key: string, state: LiveServerState): LiveClose | undefined {
  const model = String(setup?.model ?? '').replace('models/', '');
  if (state.apiKey !== undefined && key !== state.apiKey) return closeFrames.invalidKey;
  if (!state.hasModel(model)) return closeFrames.unknownModel(model);
  if (state.openCount > state.maxSessions) return closeFrames.quota;
  const modality = setup?.generationConfig?.responseModalities?.[0];
  if (modality === 'TEXT' && !state.textReplyAllowed.has(model)) return closeFrames.textUnsupported;
  const handle = setup?.sessionResumption?.handle;
  if (handle !== undefined && !state.handles.has(handle)) return closeFrames.invalidArgument;
  return undefined;
}

async function handleSetup(
  setup: LiveSessionLog['setup'],
  key: string,
  { state, connectionScript }: Connection,
  log: LiveSessionLog,
) {
  log.setup = setup;
  log.model = String(setup.model).replace('models/', '');
  if (connectionScript?.at === 'open') return;
  if (connectionScript?.at === 'setup') return applyConnectionScript(connectionScript, log);
  const rejection = findRejection(setup, key, state);
  if (rejection) return log.close(rejection);
  const { handle } = setup.sessionResumption ?? {};
  log.turns.push(...(state.handles.get(handle) ?? []));
  state.handles.delete(handle);
  log.send({ setupComplete: {} });
}

async function handleMessage(
  message: LiveSessionLog['messages'][number],
  connection: Connection,
  log: LiveSessionLog,
): Promise<void> {
  const { state } = connection;
  const { clientContent, realtimeInput } = message;
  const takesClientContentOnlyAsHistory = state.clientContentOnlyAsHistory.has(log.model);
  const isHistory = log.setup.historyConfig?.initialHistoryInClientContent === true && log.turns.length === 0;
  if (clientContent && takesClientContentOnlyAsHistory && !isHistory) {
    return log.close({ code: 1007, reason: 'Request contains an invalid argument.' });
  }
  const turns: { role?: string; parts: { text?: string }[] }[] = clientContent?.turns ?? [
    { role: 'user', parts: [{ text: realtimeInput.text }] },
  ];
  for (const { role, parts } of turns) {
    if (role !== 'model') log.turns.push(parts.findLast(({ text }) => text !== undefined)?.text ?? '');
  }
  if (clientContent && isHistory) return;
  log.prompts.push(log.turns.at(-1) ?? '');
  state.notifyTurn();
  await sendReply(state.scripts.shift() ?? createEchoReply(log), connection, log);
}

async function sendReply(script: LiveScript, { webSocket, state }: Connection, log: LiveSessionLog): Promise<void> {
  for (const [index, frame] of script.frames.entries()) {
    if (script.delayMs && index > 0) await delay(script.delayMs);
    if (script.gate) await script.gate.wait();
    if (webSocket.readyState !== webSocket.OPEN) return;
    sendFrame(webSocket, frame, script.as);
  }
  const isComplete = JSON.stringify(script.frames).includes('"turnComplete":true');
  if (isComplete && state.allowsResumption && log.setup.sessionResumption) {
    const newHandle = `handle-${state.handles.size}-${log.turns.length}-${Date.now()}`;
    state.handles.set(newHandle, [...log.turns]);
    log.send({ sessionResumptionUpdate: { newHandle, resumable: true } });
  }
  if (script.end === undefined) return;
  // Written data must be sent before the connection is destroyed.
  if (typeof script.end === 'string') await delay(10);
  log.close(script.end);
}

/** Creates the reply to a turn for which no script is queued, in pieces of one word. */
function createEchoReply(log: LiveSessionLog): LiveScript {
  const pieces =
    `Reply ${log.turns.length} of ${log.model} to "${log.turns.at(-1)?.slice(0, 60)}"`.match(/\s*\S+/g) ?? [];
  const usage = {
    promptTokenCount: 10 * log.turns.length,
    responseTokenCount: pieces.length,
    totalTokenCount: 10 * log.turns.length + pieces.length,
  };
  const isText = log.setup.generationConfig?.responseModalities?.[0] === 'TEXT';
  const script = (isText ? writtenReply : spokenReply)(pieces, { usage });
  // The service sometimes sends an empty message, so each of these replies begins with one.
  return { ...script, frames: [serverContent({}), ...script.frames] };
}
