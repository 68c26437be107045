import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, onTestFinished, test } from 'vitest';
import { readText, sendHttpRequest } from '../../../src/gemini/transport/http.js';

const { signal } = new AbortController();

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await new Promise((resolve) => server.on('listening', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

test.each([
  ['gzip', gzipSync],
  ['deflate', deflateSync],
  ['br', brotliCompressSync],
])('a body that a gateway compressed with %s unasked is read as it was meant', async (encoding, compress) => {
  const url = await serve((_, response) => {
    response.writeHead(200, { 'content-encoding': encoding }).end(compress('Grüße'));
  });
  const { status, body } = await sendHttpRequest(url, { signal });
  expect([status, await readText(body)]).toEqual([200, 'Grüße']);
});

test('a compressed body that is cut fails where it is read', async () => {
  const whole = gzipSync('x'.repeat(10_000));
  const url = await serve((_, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(whole.subarray(0, whole.length / 2));
  });
  const { body } = await sendHttpRequest(url, { signal });
  await expect(readText(body)).rejects.toThrow('unexpected end of file');
});

test('a redirect is handed over, not followed: the key would go along', async () => {
  const url = await serve((_, response) => void response.writeHead(307, { location: 'http://elsewhere/' }).end());
  const { status, headers } = await sendHttpRequest(url, { signal });
  expect([status, headers.get('Location')]).toEqual([307, 'http://elsewhere/']);
});

test('an abort in the midst of a body ends its reading, and is nobody else’s error', async () => {
  const controller = new AbortController();
  const url = await serve((_, response) => void response.write('begun'));
  const { body } = await sendHttpRequest(url, { signal: controller.signal });
  const reading = readText(body);
  controller.abort();
  await expect(reading).rejects.toThrow('aborted');
});

/** A server that answers the first request on a connection, and does to each later one what it is told. */
async function servesOnce(toLater: (socket: Socket) => void) {
  const sockets: Socket[] = [];
  const server = createTcpServer((socket) => {
    sockets.push(socket.on('error', () => {}));
    socket.once('data', () => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
      socket.once('data', () => toLater(socket));
    });
  }).listen(0, '127.0.0.1');
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  await new Promise((resolve) => server.on('listening', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const ask = async () => readText((await sendHttpRequest(url, { method: 'POST', body: 'ask', signal })).body);
  return { ask, sockets };
}

describe('a connection that was kept', () => {
  test.each([
    ['closed', (socket: Socket) => void socket.destroy()],
    ['reset', (socket: Socket) => void socket.resetAndDestroy()],
  ])('and %s by the server as it is used again costs no error: the next one is taken', async (_, end) => {
    const { ask, sockets } = await servesOnce(end);
    expect(await ask()).toBe('ok');
    expect(await ask()).toBe('ok');
    expect(sockets).toHaveLength(2);
  });

  test('is another matter where the server had time to begin: the request may be spent', async () => {
    const { ask, sockets } = await servesOnce((socket) => void setTimeout(() => socket.destroy(), 1100));
    await ask();
    await expect(ask()).rejects.toThrow('socket hang up');
    expect(sockets).toHaveLength(1);
  });

  test('several of them, all closed, are all passed over', async () => {
    const { ask, sockets } = await servesOnce((socket) => void socket.destroy());
    await Promise.all([ask(), ask(), ask()]);
    expect(await ask()).toBe('ok');
    expect(sockets.length).toBeGreaterThan(3);
  });
});

test('a new connection that ends without an answer is an error at once', async () => {
  let connections = 0;
  const server = createTcpServer((socket) => {
    connections += 1;
    socket.on('error', () => {}).once('data', () => socket.destroy());
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await new Promise((resolve) => server.on('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await expect(sendHttpRequest(`http://127.0.0.1:${port}/`, { signal })).rejects.toThrow('socket hang up');
  expect(connections).toBe(1);
});
