import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { createGeminiDriver } from '../../../src/gemini/driver.js';
import { classifyNetworkError } from '../../../src/gemini/errors/classify-network-error.js';
import { packetReply, type ScriptedReply } from '../../helpers/gemini-replies.js';
import { createGeminiFixture, createRequest, getError, readStream } from '../gemini-fixture.js';

const fixture = createGeminiFixture();

/** What both ways of asking fail with: it must be the same. */
async function unreachable(driver = fixture.driver()) {
  const error = await getError(driver.generate(createRequest()));
  const { error: streamed } = await readStream(driver.generateStream(createRequest()));
  expect(streamed).toMatchObject({ code: error.code, message: error.message, isTransient: error.isTransient });
  expect(error.cause).toBeInstanceOf(Error);
  return error;
}

test('a refused connection is unavailable, passing, and names host and port', async () => {
  const { port } = fixture.server;
  await fixture.server.close();
  const error = await unreachable();
  expect(error).toMatchObject({ code: 'unavailable', isTransient: true });
  expect(error.message).toBe(`there is no answer from 127.0.0.1:${port}: nothing listens there`);
});

test('a connection that ends before any answer is unavailable and passing', async () => {
  fixture.server.setDefaultReply({ end: 'destroy-before-headers' });
  const error = await unreachable();
  expect(error).toMatchObject({ code: 'unavailable', isTransient: true });
  expect(error.message).toMatch(/no answer from 127\.0\.0\.1:\d+: it closed the connection$/);
});

test.each([
  ['the connection ends', { ...packetReply('{"candidates": ['), end: 'destroy' }],
  ['the connection is reset', { ...packetReply('{"candidates": ['), end: 'reset' }],
  ['JSON is cut', packetReply('{"candidates": [')],
  ['nothing comes', packetReply('')],
] satisfies [string, ScriptedReply][])('a unary body where %s is unavailable and passing', async (_name, script) => {
  fixture.server.queueReplies(script);
  const error = await getError(fixture.driver().generate(createRequest()));
  expect(error).toMatchObject({ code: 'unavailable', isTransient: true });
  expect(error.message).toMatch(/^the answer of 127\.0\.0\.1:\d+ broke off: /);
});

test.each(['<html><body>Log in</body></html>', 'OK', '"OK"', '[]'])(
  'a unary 200 with %j is unavailable and not passing',
  async (body) => {
    fixture.server.queueReplies({ body });
    const error = await getError(fixture.driver().generate(createRequest()));
    expect(error).toMatchObject({ code: 'unavailable', isTransient: false });
    expect(error.message).toContain('instead of a reply');
  },
);

test('https where http is spoken is not passing', async () => {
  const error = await unreachable(
    createGeminiDriver({ apiKey: 'test-key', baseUrl: fixture.server.url.replace('http:', 'https:') }),
  );
  expect(error).toMatchObject({ code: 'unavailable', isTransient: false, hint: 'Check the base URL.' });
});

test('a server that speaks no HTTP is not passing', async () => {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {}).end('SSH-2.0-OpenSSH_9.6\r\n');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const error = await getError(
    createGeminiDriver({ apiKey: 'test-key', baseUrl: `http://127.0.0.1:${port}` }).generate(createRequest()),
  );
  expect(error).toMatchObject({ code: 'unavailable', isTransient: false });
  server.close();
  for (const socket of sockets) socket.destroy();
});

/** As it may come up: with the reason in the cause. */
function failed(code: string, message = `${code} http://host/?key=secret`): Error {
  return new Error('request failed', { cause: Object.assign(new Error(message), { code }) });
}

test.each([
  ['ENOTFOUND', 'no such host is known'],
  ['EAI_AGAIN', 'the name service does not answer'],
  ['ECONNRESET', 'it reset the connection'],
  ['ETIMEDOUT', 'it does not answer'],
  ['ENETUNREACH', 'there is no network'],
])('%s is passing and told in words alone', (code, words) => {
  const error = classifyNetworkError(failed(code), 'host:443');
  expect(error).toMatchObject({ code: 'unavailable', isTransient: true });
  expect(error.message).toBe(`there is no answer from host:443: ${words}`);
});

test('of several addresses that refuse, the first stands for all', () => {
  const refused = Object.assign(new Error('connect ECONNREFUSED ::1:80'), { code: 'ECONNREFUSED' });
  const thrown = new Error('request failed', { cause: new AggregateError([refused, refused]) });
  expect(classifyNetworkError(thrown, 'localhost:80').message).toContain('nothing listens there');
});

test.each([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_HAS_EXPIRED',
])('the certificate error %s is not passing and names NODE_EXTRA_CA_CERTS', (code) => {
  const error = classifyNetworkError(failed(code), 'host');
  expect(error).toMatchObject({ code: 'unavailable', isTransient: false });
  expect(error.message).toContain(code);
  expect(error.hint).toContain('NODE_EXTRA_CA_CERTS');
});
