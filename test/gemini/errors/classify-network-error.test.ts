import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { createGeminiDriver } from '../../../src/gemini/driver.js';
import { classifyNetworkError } from '../../../src/gemini/errors/classify-network-error.js';
import { packetReply, type ScriptedReply } from '../../helpers/gemini/replies.js';
import { createGeminiFixture, createRequest, getError, readStream } from '../gemini-fixture.js';

const fixture = createGeminiFixture();

/** Sends a unary and a streamed request, checks that both fail with the same error, and returns it. */
async function errorOf(driver = fixture.driver()) {
  const error = await getError(driver.generate(createRequest()));
  const { error: streamed } = await readStream(driver.generateStream(createRequest()));
  expect(streamed).toMatchObject({ code: error.code, message: error.message, isTransient: error.isTransient });
  expect(error.cause).toBeInstanceOf(Error);
  return error;
}

test('reports a refused connection as transient, with host and port', async () => {
  const { port } = fixture.server;
  await fixture.server.close();
  const error = await errorOf();
  expect(error).toMatchObject({ code: 'unavailable', isTransient: true });
  expect(error.message).toBe(`no response from 127.0.0.1:${port}: connection refused`);
});

test('reports a transient error if the connection closes before the response', async () => {
  fixture.server.setDefaultReply({ end: 'destroy-before-headers' });
  const error = await errorOf();
  expect(error).toMatchObject({ code: 'unavailable', isTransient: true });
  expect(error.message).toMatch(/^no response from 127\.0\.0\.1:\d+: connection closed$/);
});

test.each([
  ['a closed connection', { ...packetReply('{"candidates": ['), end: 'destroy' }],
  ['a reset connection', { ...packetReply('{"candidates": ['), end: 'reset' }],
  ['truncated JSON', packetReply('{"candidates": [')],
  ['an empty body', packetReply('')],
] satisfies [string, ScriptedReply][])(
  'reports an incomplete unary response (%s) as transient',
  async (_name, script) => {
    fixture.server.queueReplies(script);
    const error = await getError(fixture.driver().generate(createRequest()));
    expect(error).toMatchObject({ code: 'unavailable', isTransient: true });
    expect(error.message).toMatch(/^incomplete response from 127\.0\.0\.1:\d+: /);
  },
);

test.each(['<html><body>Log in</body></html>', 'OK', '"OK"', '[]'])(
  'reports a unary response with status 200 and the body %j as not transient',
  async (body) => {
    fixture.server.queueReplies({ body });
    const error = await getError(fixture.driver().generate(createRequest()));
    expect(error).toMatchObject({ code: 'unavailable', isTransient: false });
    expect(error.message).toContain('instead of a reply');
  },
);

test('reports an https request to an http server as not transient', async () => {
  const error = await errorOf(
    createGeminiDriver({ apiKey: 'test-key', baseUrl: fixture.server.url.replace('http:', 'https:') }),
  );
  expect(error).toMatchObject({ code: 'unavailable', isTransient: false, hint: 'Check the base URL.' });
});

test('reports a server that does not speak HTTP as not transient', async () => {
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

/** Creates an error as Node throws it: its cause has the code. The message of the cause contains a key. */
function createFailure(code: string): Error {
  const cause = Object.assign(new Error(`${code} http://host/?key=secret`), { code });
  return new Error('request failed', { cause });
}

test.each([
  ['ENOTFOUND', 'host not found'],
  ['EAI_AGAIN', 'the name server does not respond'],
  ['ECONNRESET', 'connection reset'],
  ['ETIMEDOUT', 'connection timed out'],
  ['ENETUNREACH', 'network unreachable'],
])('describes %s and reports it as transient', (code, description) => {
  const error = classifyNetworkError(createFailure(code), 'host:443');
  expect(error).toMatchObject({ code: 'unavailable', isTransient: true });
  expect(error.message).toBe(`no response from host:443: ${description}`);
});

test('if all addresses of a host fail, describes the error of one of them', () => {
  const refused = Object.assign(new Error('connect ECONNREFUSED ::1:80'), { code: 'ECONNREFUSED' });
  const thrown = new Error('request failed', { cause: new AggregateError([refused, refused]) });
  expect(classifyNetworkError(thrown, 'localhost:80').message).toContain('connection refused');
});

test.each([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_HAS_EXPIRED',
])('reports the certificate error %s as not transient and suggests NODE_EXTRA_CA_CERTS', (code) => {
  const error = classifyNetworkError(createFailure(code), 'host');
  expect(error).toMatchObject({ code: 'unavailable', isTransient: false });
  expect(error.message).toContain(code);
  expect(error.hint).toContain('NODE_EXTRA_CA_CERTS');
});
