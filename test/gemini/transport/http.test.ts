import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { HttpsProxyAgent } from 'https-proxy-agent';
import { describe, expect, onTestFinished, test } from 'vitest';
import { readBeginning, readText, sendHttpRequest } from '../../../src/gemini/transport/http.js';
import type { ProxyRoute } from '../../../src/gemini/transport/proxy-routes.js';

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
])('decompresses a body that a gateway compressed with %s', async (encoding, compress) => {
  const url = await serve((_, response) => {
    response.writeHead(200, { 'content-encoding': encoding }).end(compress('Grüße'));
  });
  const { status, body } = await sendHttpRequest(url, { signal });
  expect([status, await readText(body)]).toEqual([200, 'Grüße']);
});

test.each(['', 'identity'])('returns a body with the content encoding %j as it is', async (encoding) => {
  const url = await serve((_, response) => {
    response.writeHead(200, { 'content-encoding': encoding }).end('Grüße');
  });
  const { body } = await sendHttpRequest(url, { signal });
  expect(await readText(body)).toBe('Grüße');
});

test.each(['zstd', 'gzip, br'])('names the content encoding %s, which is not supported', async (encoding) => {
  const url = await serve((_, response) => {
    response.writeHead(200, { 'content-encoding': encoding }).end('compressed');
  });
  const { body } = await sendHttpRequest(url, { signal });
  await expect(readText(body)).rejects.toThrow(`the content encoding "${encoding}" is not supported`);
});

test('rejects the reading of a compressed body that is truncated', async () => {
  const whole = gzipSync('x'.repeat(10_000));
  const url = await serve((_, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(whole.subarray(0, whole.length / 2));
  });
  const { body } = await sendHttpRequest(url, { signal });
  await expect(readText(body)).rejects.toThrow('unexpected end of file');
});

test('returns a redirect without following it', async () => {
  const url = await serve((_, response) => void response.writeHead(307, { location: 'http://elsewhere/' }).end());
  const { status, headers } = await sendHttpRequest(url, { signal });
  expect([status, headers.get('Location')]).toEqual([307, 'http://elsewhere/']);
});

test('ends the reading of a body on abort, without an unhandled error', async () => {
  const controller = new AbortController();
  const url = await serve((_, response) => void response.write('begun'));
  const { body } = await sendHttpRequest(url, { signal: controller.signal });
  const reading = readText(body);
  controller.abort();
  await expect(reading).rejects.toThrow('aborted');
});

/** A server that answers the first request of each connection and passes later ones to `onLaterRequest`. */
async function serveFirstRequest(onLaterRequest: (socket: Socket) => void) {
  const sockets: Socket[] = [];
  const server = createTcpServer((socket) => {
    sockets.push(socket.on('error', () => {}));
    socket.once('data', () => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
      socket.once('data', () => onLaterRequest(socket));
    });
  }).listen(0, '127.0.0.1');
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  await new Promise((resolve) => server.on('listening', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const send = async () => readText((await sendHttpRequest(url, { method: 'POST', body: 'question', signal })).body);
  return { send, sockets };
}

describe('a keep-alive connection', () => {
  test.each([
    ['closed', (socket: Socket) => void socket.destroy()],
    ['reset', (socket: Socket) => void socket.resetAndDestroy()],
  ])('that the server closes when it is reused (%s) is replaced by another one', async (_, end) => {
    const { send, sockets } = await serveFirstRequest(end);
    expect(await send()).toBe('ok');
    expect(await send()).toBe('ok');
    expect(sockets).toHaveLength(2);
  });

  test('is not replaced if the server closes it more than a second after the next request was sent, because that request may be billed', async () => {
    const { send, sockets } = await serveFirstRequest((socket) => void setTimeout(() => socket.destroy(), 1100));
    await send();
    await expect(send()).rejects.toThrow('socket hang up');
    expect(sockets).toHaveLength(1);
  });

  test('that the server closes on reuse is replaced by the next idle connection, or by a new one if none is idle', async () => {
    const { send, sockets } = await serveFirstRequest((socket) => void socket.destroy());
    await Promise.all([send(), send(), send()]);
    expect(await send()).toBe('ok');
    expect(sockets.length).toBeGreaterThan(3);
  });
});

test('rejects when a new connection closes without a response, and opens no other one', async () => {
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

/** A server that writes these bytes to each connection after the first bytes of a request. */
async function serveBytes(bytes: string): Promise<string> {
  const sockets: Socket[] = [];
  const server = createTcpServer((socket) => {
    sockets.push(socket.on('error', () => {}));
    socket.once('data', () => socket.write(bytes));
  }).listen(0, '127.0.0.1');
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  await new Promise((resolve) => server.on('listening', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

test('returns an unrequested 101 as a response without a body', async () => {
  const url = await serveBytes('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n');
  const { status, body } = await sendHttpRequest(url, { signal });
  expect([status, await readText(body)]).toEqual([101, '']);
});

test('rejects on abort while the agent still waits for its connection', async () => {
  const controller = new AbortController();
  const url = await serveBytes('');
  // The server stands for a proxy that accepts the connection and never answers.
  const agent = new HttpsProxyAgent(url);
  const route = { agent, proxyHost: 'proxy' } as ProxyRoute;
  const sent = sendHttpRequest('https://example.com/', { signal: controller.signal, route });
  setTimeout(() => controller.abort(), 50);
  await expect(sent).rejects.toThrow('aborted');
});

describe('a body that is larger than its limit', () => {
  const compressedBytes = gzipSync(Buffer.alloc(5_000_000));
  test.each([
    ['plain', {}, Buffer.alloc(5_000_000)],
    ['compressed', { 'content-encoding': 'gzip' }, compressedBytes],
  ])('is not read to its end (%s)', async (_, headers, bytes) => {
    const url = await serve((_, response) => void response.writeHead(200, headers).end(bytes));
    const { body } = await sendHttpRequest(url, { signal });
    await expect(readText(body, 1_000_000)).rejects.toThrow('larger than 1 MB');
  });

  test('is cut by readBeginning, which reads the bodies of errors', async () => {
    const url = await serve((_, response) => void response.end('x'.repeat(5_000_000)));
    const { body } = await sendHttpRequest(url, { signal });
    expect(await readBeginning(body, 1000)).toBe('x'.repeat(1000));
  });
});
