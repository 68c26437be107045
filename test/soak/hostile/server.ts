import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { HostileAnswer } from './cases.js';

/** A server that gives the same answer to every request. */
export interface HostileServer {
  url: string;
  /** Sets the answer from now on, and destroys all connections. */
  setAnswer(answer: HostileAnswer): void;
  close(): Promise<void>;
}

/** Starts a server on loopback. */
export async function startHostileServer(): Promise<HostileServer> {
  let answer: HostileAnswer = { kind: 'text', delivery: 'close', status: 200, headers: {}, body: '' };
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    response.on('error', () => {});
    // An upload is answered before its bytes have arrived, as a server that rejects it would do.
    request.resume().on('error', () => {});
    sendAnswer(request.socket, answer);
  });
  server.on('connection', (socket) => {
    sockets.add(socket.on('error', () => {}));
    socket.on('close', () => sockets.delete(socket));
  });
  const webSockets = new WebSocketServer({ noServer: true });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (answer.status !== 200 || answer.delivery === 'garbage' || answer.delivery === 'bogus-upgrade')
      return sendAnswer(request.socket, answer);
    webSockets.handleUpgrade(request, socket, head, (webSocket) => serveLive(webSocket, answer));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    setAnswer(next) {
      answer = next;
      for (const socket of sockets) socket.destroy();
    },
    async close() {
      server.close();
      for (const socket of sockets) socket.destroy();
      if (server.listening) await once(server, 'close');
    },
  };
}

function sendAnswer(socket: Socket, { kind, delivery, status, headers, body }: HostileAnswer): void {
  if (delivery === 'hang') return;
  if (delivery === 'close') return void socket.destroy();
  if (delivery === 'garbage') return void socket.end('SSH-2.0-x\r\n\r\n');
  if (delivery === 'bogus-upgrade') {
    return void socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n');
  }
  const payload = kind === 'text-stream' ? toEvents(body) : body;
  const type = kind === 'text-stream' ? 'text/event-stream' : 'application/json';
  const defaultHeaders = { 'content-type': type, 'content-length': String(Buffer.byteLength(payload)) };
  const lines = Object.entries({ ...defaultHeaders, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  const bytes = Buffer.from(`HTTP/1.1 ${status} X\r\nconnection: close\r\n${lines.join('')}\r\n${payload}`);
  if (delivery === 'whole') return void socket.end(bytes);
  if (delivery === 'drip') return void drip(socket, bytes);
  socket.write(bytes.subarray(0, bytes.length / 2), () => {
    if (delivery === 'half-close') socket.destroy();
    if (delivery === 'half-reset') socket.resetAndDestroy();
  });
}

/** Writes a byte at a time, so that the answer never ends within the time limit. */
function drip(socket: Socket, bytes: Buffer): void {
  let at = 0;
  const timer = setInterval(() => socket.write(bytes.subarray(at, ++at)), 20);
  socket.on('close', () => clearInterval(timer));
}

/**
 * Renders a body as events: one for each element of a list, otherwise one. A deeply nested list is one event too,
 * because stringifying its elements would exceed the stack.
 */
function toEvents(body: string): string {
  const parsed = tryParse(body);
  if (!Array.isArray(parsed) || body.startsWith('[[[')) return `data: ${body}\n\n`;
  return parsed.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join('');
}

function tryParse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/**
 * Completes the setup, answers the turn with the messages of the body, and closes the session. The delivery decides
 * which of these steps take place.
 */
function serveLive(webSocket: WebSocket, { delivery, body }: HostileAnswer): void {
  webSocket.on('error', () => {});
  let messageCount = 0;
  webSocket.on('message', () => {
    messageCount += 1;
    if (delivery === 'hang') return;
    if (delivery === 'close') return void webSocket.terminate();
    if (messageCount === 1) return webSocket.send('{"setupComplete": {}}');
    const parsed = tryParse(body);
    const isList = Array.isArray(parsed) && !body.startsWith('[[[');
    const frames = isList ? parsed.map((message) => JSON.stringify(message)) : [body];
    const sent = delivery.startsWith('half') ? frames.slice(0, frames.length / 2) : frames;
    for (const frame of sent) webSocket.send(frame);
    if (delivery === 'drip' || delivery === 'half-hang') return;
    if (delivery === 'half-close') webSocket.terminate();
    else webSocket.close(1000);
  });
}
