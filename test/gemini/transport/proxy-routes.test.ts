import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { createRouteResolver } from '../../../src/gemini/transport/proxy-routes.js';
import { startHttpProxy } from '../../helpers/http-proxy.js';

const routeTo = createRouteResolver((url) => (url.includes('direct') ? undefined : 'http://me:s3cret@proxy.test:3128'));

test('returns undefined if no proxy applies', async () => {
  expect(await routeTo('https://direct.test/')).toBeUndefined();
  expect(await createRouteResolver()('https://other.test/')).toBeUndefined();
});

test('uses one agent for all tunnels through a proxy and another for plain HTTP, and leaves the password out of proxyHost', async () => {
  const [one, other, withoutTls] = await Promise.all(['https://a/', new URL('wss://b/'), 'http://c/'].map(routeTo));
  expect(one?.proxyHost).toBe('proxy.test:3128');
  expect(other?.agent).toBe(one?.agent);
  expect(withoutTls?.agent).not.toBe(one?.agent);
});

test('uses the proxies of HTTP URLs for WebSocket URLs', async () => {
  const urls: string[] = [];
  const route = createRouteResolver((url) => void urls.push(url));
  await route('wss://a/x');
  await route('ws://a/x');
  expect(urls).toEqual(['https://a/x', 'http://a/x']);
});

test('connects a WebSocket through the tunnel of its route', async () => {
  const echo = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(echo, 'listening');
  echo.on('connection', (socket) => socket.on('message', (data) => socket.send(String(data))));
  const { port } = echo.address() as { port: number };
  const proxy = await startHttpProxy({ hostPorts: { 'live.test': port } });
  const route = await createRouteResolver(() => proxy.url)('ws://live.test/');
  const socket = new WebSocket('ws://live.test/', { agent: route?.agent });
  onTestFinished(async () => {
    socket.terminate();
    echo.close();
    await proxy.close();
  });
  const echoed = new Promise((resolve, reject) => {
    socket.on('message', (data) => resolve(String(data))).on('error', reject);
  });
  socket.on('open', () => socket.send('hello'));
  expect(await echoed).toBe('hello');
  expect(proxy.requestLines).toEqual(['CONNECT live.test:80']);
});

test.each(['socks5://p:1', 'http://me:s3cret@', 'me:s3cret@@:', ''])(
  'rejects the proxy URL %j without printing it',
  async (address) => {
    const failing = createRouteResolver(() => address)('https://a/');
    await expect(failing).rejects.toMatchObject({ code: 'invalid_config' });
    await expect(failing).rejects.not.toThrow('s3cret');
  },
);
