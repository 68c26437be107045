import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { expect, onTestFinished, test } from 'vitest';
import { sendHttp, textOf } from '../../src/gemini/send-http.js';

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
  const { status, body } = await sendHttp(url, { signal });
  expect([status, await textOf(body)]).toEqual([200, 'Grüße']);
});

test('a compressed body that is cut fails where it is read', async () => {
  const whole = gzipSync('x'.repeat(10_000));
  const url = await serve((_, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(whole.subarray(0, whole.length / 2));
  });
  const { body } = await sendHttp(url, { signal });
  await expect(textOf(body)).rejects.toThrow('unexpected end of file');
});

test('a redirect is handed over, not followed: the key would go along', async () => {
  const url = await serve((_, response) => void response.writeHead(307, { location: 'http://elsewhere/' }).end());
  const { status, headers } = await sendHttp(url, { signal });
  expect([status, headers.get('Location')]).toEqual([307, 'http://elsewhere/']);
});

test('an abort in the midst of a body ends its reading, and is nobody else’s error', async () => {
  const controller = new AbortController();
  const url = await serve((_, response) => void response.write('begun'));
  const { body } = await sendHttp(url, { signal: controller.signal });
  const reading = textOf(body);
  controller.abort();
  await expect(reading).rejects.toThrow('aborted');
});
