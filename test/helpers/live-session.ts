import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { RawData, WebSocket } from 'ws';
import {
  closes,
  content,
  type LiveClose,
  type LiveDoor,
  type LiveFrame,
  type LiveScript,
  spoken,
  written,
} from './live-replies.js';
import type { LiveStage } from './live-server.js';

/** A connection, as the server saw it. */
export interface LiveSessionLog {
  /** The setup, or undefined as long as there is none. */
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever was sent.
  setup: any;
  /** Without `models/`. */
  model: string;
  /** Every message of the client, the setup first. */
  // biome-ignore lint/suspicious/noExplicitAny: the same.
  messages: any[];
  /** The last text of each user turn that the session was told or took over by a handle; `history` says how many of them. */
  turns: string[];
  /** The texts of the turns that were to be answered in this very session. */
  asked: string[];
  /** Bytes of all the client's messages. */
  bytes: number;
  openedAt: number;
  /** When the socket was closed, by whomever, in milliseconds since the epoch; undefined as long as it is open. */
  closedAt: number | undefined;
  closed: Promise<number>;
  /** The code that the client closed with; 1006 where it just went. */
  closeCode: number | undefined;
  /** Whether it was the server who ended it. */
  endedByUs: boolean;
  /** Sends a message out of turn. */
  send(frame: LiveFrame): void;
  /** Ends it: with a code, or by destroying the socket. */
  end(how: LiveClose | 'destroy' | 'reset'): void;
}

interface Served {
  webSocket: WebSocket;
  socket: Duplex;
  request: IncomingMessage;
  stage: LiveStage;
  door: LiveDoor | undefined;
}

/** Serves one WebSocket to its end. */
export function serveSession(served: Served): void {
  const { webSocket, request, stage, door } = served;
  const log = logOf(served);
  const key = new URL(request.url?.replace(/^\/+/, '/') ?? '/', 'http://localhost').searchParams.get('key') ?? '';
  stage.sessions.push(log);
  void stage.open;
  if (door?.at === 'open') throughDoor(door, log);
  // One message after the other, as a conversation goes.
  let before = Promise.resolve();
  webSocket.on('message', (data: RawData) => {
    const message = JSON.parse(data.toString());
    log.messages.push(message);
    log.bytes += Buffer.byteLength(data.toString());
    before = before.then(() => (message.setup ? setUp(message.setup, key, served, log) : hear(message, served, log)));
  });
}

function logOf({ webSocket, socket }: Served): LiveSessionLog {
  const send = (frame: LiveFrame) => sendFrame(webSocket, frame);
  const log: LiveSessionLog = {
    ...{ setup: undefined, model: '', messages: [], turns: [], asked: [], bytes: 0, openedAt: Date.now() },
    ...{ closedAt: undefined, closeCode: undefined, endedByUs: false, send },
    closed: new Promise((resolve) => {
      webSocket.on('close', (code) => {
        log.closedAt = Date.now();
        log.closeCode = code;
        resolve(log.closedAt);
      });
    }),
    end(how) {
      log.endedByUs = true;
      if (how === 'destroy') socket.destroy();
      else if (how === 'reset') Reflect.get(socket, 'resetAndDestroy').call(socket);
      else webSocket.close(how.code, how.reason);
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

function throughDoor({ comes }: LiveDoor, log: LiveSessionLog): void {
  if (comes === 'stall') return;
  if (comes === 'destroy') log.end('destroy');
  else if ('frame' in comes) log.send(comes.frame);
  else if ('code' in comes) log.end(comes);
}

/** Whether a setup can be had, and why not. */
function objectionTo(setup: LiveSessionLog['setup'], key: string, stage: LiveStage): LiveClose | undefined {
  const model = String(setup?.model ?? '').replace('models/', '');
  if (stage.apiKey !== undefined && key !== stage.apiKey) return closes.keyInvalid;
  if (!stage.knows(model)) return closes.unknownModel(model);
  if (stage.open > stage.maxSessions) return closes.quota;
  const modality = setup?.generationConfig?.responseModalities?.[0];
  if (modality === 'TEXT' && !stage.textModels.has(model)) return closes.textRefused;
  const handle = setup?.sessionResumption?.handle;
  if (handle !== undefined && !stage.handles.has(handle)) return closes.invalidArgument;
  return undefined;
}

async function setUp(setup: LiveSessionLog['setup'], key: string, { stage, door }: Served, log: LiveSessionLog) {
  log.setup = setup;
  log.model = String(setup.model).replace('models/', '');
  if (door?.at === 'open') return;
  if (door?.at === 'setup') return throughDoor(door, log);
  const objection = objectionTo(setup, key, stage);
  if (objection) return log.end(objection);
  const { handle } = setup.sessionResumption ?? {};
  log.turns.push(...(stage.handles.get(handle) ?? []));
  stage.handles.delete(handle);
  log.send({ setupComplete: {} });
}

async function hear(message: LiveSessionLog['setup'], served: Served, log: LiveSessionLog): Promise<void> {
  const { stage } = served;
  const { clientContent, realtimeInput } = message;
  const wantsRealtime = stage.realtimeModels.has(log.model);
  const isHistory = log.setup.historyConfig?.initialHistoryInClientContent === true && log.turns.length === 0;
  if (clientContent && wantsRealtime && !isHistory) {
    return log.end({ code: 1007, reason: 'Request contains an invalid argument.' });
  }
  const said: { role?: string; parts: { text?: string }[] }[] = clientContent?.turns ?? [
    { role: 'user', parts: [{ text: realtimeInput.text }] },
  ];
  for (const { role, parts } of said) {
    if (role !== 'model') log.turns.push(parts.findLast(({ text }) => text !== undefined)?.text ?? '');
  }
  if (clientContent && isHistory) return;
  log.asked.push(log.turns.at(-1) ?? '');
  stage.arrived();
  await answerTurn(stage.scripts.shift() ?? echo(log), served, log);
}

async function answerTurn(script: LiveScript, { webSocket, stage }: Served, log: LiveSessionLog): Promise<void> {
  for (const [index, frame] of script.frames.entries()) {
    if (script.delayMs && index > 0) await delay(script.delayMs);
    if (script.gate) await script.gate.pass();
    if (webSocket.readyState !== webSocket.OPEN) return;
    sendFrame(webSocket, frame, script.as);
  }
  const isWhole = JSON.stringify(script.frames).includes('"turnComplete":true');
  if (isWhole && stage.resumes && log.setup.sessionResumption) {
    const newHandle = `handle-${stage.handles.size}-${log.turns.length}-${Date.now()}`;
    stage.handles.set(newHandle, [...log.turns]);
    log.send({ sessionResumptionUpdate: { newHandle, resumable: true } });
  }
  if (script.end === undefined) return;
  // What was written must have left before the connection ends under it.
  if (typeof script.end === 'string') await delay(10);
  log.end(script.end);
}

/** The reply where nothing was scripted, in pieces of a word each. */
function echo(log: LiveSessionLog): LiveScript {
  const pieces =
    `Reply ${log.turns.length} of ${log.model} to "${log.turns.at(-1)?.slice(0, 60)}"`.match(/\s*\S+/g) ?? [];
  const usage = {
    promptTokenCount: 10 * log.turns.length,
    responseTokenCount: pieces.length,
    totalTokenCount: 10 * log.turns.length + pieces.length,
  };
  const inText = log.setup.generationConfig?.responseModalities?.[0] === 'TEXT';
  const script = (inText ? written : spoken)(pieces, { usage });
  // An empty message now and then, as the service sends.
  return { ...script, frames: [content({}), ...script.frames] };
}
