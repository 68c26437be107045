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

/** One connection, seen from the server: what it has received, and how to send and close. */
export interface ServerSession {
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
  /** Whether the server closed the connection. */
  closedByServer: boolean;
  /** Sends a message outside of a reply. */
  send(frame: LiveFrame): void;
  /** Closes the connection with a code, or destroys the socket. */
  close(reason: LiveClose | 'destroy' | 'reset'): void;
}

/** The state that all sessions of a server share. */
export interface LiveServerState {
  sessions: ServerSession[];
  readonly openCount: number;
  /** The models for which a setup may ask for text. A queued script may still be a spoken reply. */
  textReplyAllowed: Set<string>;
  /** The models that accept prompts only as `realtimeInput`, and `clientContent` only as history. */
  promptsOnlyAsRealtimeInput: Set<string>;
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
  const session = createServerSession(connection);
  const key = new URL(request.url?.replace(/^\/+/, '/') ?? '/', 'http://localhost').searchParams.get('key') ?? '';
  state.sessions.push(session);
  // Reading the count updates `peakOpenCount`.
  void state.openCount;
  if (connectionScript?.at === 'open') applyConnectionScript(connectionScript, session);
  // Messages are handled one at a time.
  let previous = Promise.resolve();
  webSocket.on('message', (data: RawData) => {
    const message = JSON.parse(data.toString());
    session.messages.push(message);
    session.bytes += Buffer.byteLength(data.toString());
    previous = previous.then(() =>
      message.setup
        ? handleSetup(message.setup, key, connection, session)
        : handleMessage(message, connection, session),
    );
  });
}

function createServerSession({ webSocket, socket }: Connection): ServerSession {
  const send = (frame: LiveFrame) => sendFrame(webSocket, frame);
  const session: ServerSession = {
    ...{ setup: undefined, model: '', messages: [], turns: [], prompts: [], bytes: 0, openedAt: Date.now() },
    ...{ closedAt: undefined, closeCode: undefined, closedByServer: false, send },
    closed: new Promise((resolve) => {
      webSocket.on('close', (code) => {
        session.closedAt = Date.now();
        session.closeCode = code;
        resolve(session.closedAt);
      });
    }),
    close(reason) {
      session.closedByServer = true;
      if (reason === 'destroy') socket.destroy();
      else if (reason === 'reset') Reflect.get(socket, 'resetAndDestroy').call(socket);
      else webSocket.close(reason.code, reason.reason);
    },
  };
  webSocket.on('error', () => {});
  return session;
}

function sendFrame(webSocket: WebSocket, frame: LiveFrame, as: 'binary' | 'text' = 'binary'): void {
  if (typeof frame === 'string') webSocket.send(frame);
  else if (frame instanceof Uint8Array) webSocket.send(frame);
  else webSocket.send(`${JSON.stringify(frame, null, 2)}\n`, { binary: as === 'binary' });
}

function applyConnectionScript({ action }: ConnectionScript, session: ServerSession): void {
  if (action === 'stall') return;
  if (action === 'destroy') session.close('destroy');
  else if ('frame' in action) session.send(action.frame);
  else if ('code' in action) session.close(action);
}

/** Returns why a setup is rejected, if it is. */
function findRejection(setup: ServerSession['setup'], key: string, state: LiveServerState): LiveClose | undefined {
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
  setup: ServerSession['setup'],
  key: string,
  { state, connectionScript }: Connection,
  session: ServerSession,
) {
  session.setup = setup;
  session.model = String(setup.model).replace('models/', '');
  if (connectionScript?.at === 'open') return;
  if (connectionScript?.at === 'setup') return applyConnectionScript(connectionScript, session);
  const rejection = findRejection(setup, key, state);
  if (rejection) return session.close(rejection);
  const { handle } = setup.sessionResumption ?? {};
  session.turns.push(...(state.handles.get(handle) ?? []));
  state.handles.delete(handle);
  session.send({ setupComplete: {} });
}

async function handleMessage(
  message: ServerSession['messages'][number],
  connection: Connection,
  session: ServerSession,
): Promise<void> {
  const { state } = connection;
  const { clientContent, realtimeInput } = message;
  const acceptsPromptsOnlyAsRealtimeInput = state.promptsOnlyAsRealtimeInput.has(session.model);
  const isHistory = session.setup.historyConfig?.initialHistoryInClientContent === true && session.turns.length === 0;
  if (clientContent && acceptsPromptsOnlyAsRealtimeInput && !isHistory) {
    return session.close({ code: 1007, reason: 'Request contains an invalid argument.' });
  }
  const turns: { role?: string; parts: { text?: string }[] }[] = clientContent?.turns ?? [
    { role: 'user', parts: [{ text: realtimeInput.text }] },
  ];
  for (const { role, parts } of turns) {
    if (role !== 'model') session.turns.push(parts.findLast(({ text }) => text !== undefined)?.text ?? '');
  }
  if (clientContent && isHistory) return;
  session.prompts.push(session.turns.at(-1) ?? '');
  state.notifyTurn();
  await sendReply(state.scripts.shift() ?? createEchoReply(session), connection, session);
}

async function sendReply(script: LiveScript, { webSocket, state }: Connection, session: ServerSession): Promise<void> {
  for (const [index, frame] of script.frames.entries()) {
    if (script.delayMs && index > 0) await delay(script.delayMs);
    if (script.gate) await script.gate.wait();
    if (webSocket.readyState !== webSocket.OPEN) return;
    sendFrame(webSocket, frame, script.as);
  }
  const isComplete = JSON.stringify(script.frames).includes('"turnComplete":true');
  if (isComplete && state.allowsResumption && session.setup.sessionResumption) {
    const newHandle = `handle-${state.handles.size}-${session.turns.length}-${Date.now()}`;
    state.handles.set(newHandle, [...session.turns]);
    session.send({ sessionResumptionUpdate: { newHandle, resumable: true } });
  }
  if (script.end === undefined) return;
  // Written data must be sent before the connection is destroyed.
  if (typeof script.end === 'string') await delay(10);
  session.close(script.end);
}

/** Creates the reply to a turn for which no script is queued, in pieces of one word. */
function createEchoReply(session: ServerSession): LiveScript {
  const pieces =
    `Reply ${session.turns.length} of ${session.model} to "${session.turns.at(-1)?.slice(0, 60)}"`.match(/\s*\S+/g) ??
    [];
  const usage = {
    promptTokenCount: 10 * session.turns.length,
    responseTokenCount: pieces.length,
    totalTokenCount: 10 * session.turns.length + pieces.length,
  };
  const isText = session.setup.generationConfig?.responseModalities?.[0] === 'TEXT';
  const script = (isText ? writtenReply : spokenReply)(pieces, { usage });
  // The service sometimes sends an empty message, so each of these replies begins with one.
  return { ...script, frames: [serverContent({}), ...script.frames] };
}
