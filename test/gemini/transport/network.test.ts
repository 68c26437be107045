import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { createGeminiDriver } from '../../../src/gemini/driver.js';
import { classifyUnreachable } from '../../../src/gemini/errors/classify-network-error.js';
import { packets, type Script } from '../../helpers/gemini-replies.js';
import { ask, failureOf, play, setStage } from '../gemini-stage.js';

const stage = setStage();

/** What both ways of asking fail with: it must be the same. */
async function unreachable(driver = stage.driver()) {
  const error = await failureOf(driver.generate(ask()));
  const { error: streamed } = await play(driver.generateStream(ask()));
  expect(streamed).toMatchObject({ code: error.code, message: error.message, passing: error.passing });
  expect(error.cause).toBeInstanceOf(Error);
  return error;
}

test('a refused connection is unavailable, passing, and names host and port', async () => {
  const { port } = stage.server;
  await stage.server.close();
  const error = await unreachable();
  expect(error).toMatchObject({ code: 'unavailable', passing: true });
  expect(error.message).toBe(`there is no answer from 127.0.0.1:${port}: nothing listens there`);
});

test('a connection that ends before any answer is unavailable and passing', async () => {
  stage.server.replyAlways({ end: 'destroy-before-headers' });
  const error = await unreachable();
  expect(error).toMatchObject({ code: 'unavailable', passing: true });
  expect(error.message).toMatch(/no answer from 127\.0\.0\.1:\d+: it closed the connection$/);
});

test.each([
  ['the connection ends', { ...packets('{"candidates": ['), end: 'destroy' }],
  ['the connection is reset', { ...packets('{"candidates": ['), end: 'reset' }],
  ['JSON is cut', packets('{"candidates": [')],
  ['nothing comes', packets('')],
] satisfies [string, Script][])('a unary body where %s is unavailable and passing', async (_name, script) => {
  stage.server.reply(script);
  const error = await failureOf(stage.driver().generate(ask()));
  expect(error).toMatchObject({ code: 'unavailable', passing: true });
  expect(error.message).toMatch(/^the answer of 127\.0\.0\.1:\d+ broke off: /);
});

test.each(['<html><body>Log in</body></html>', 'OK', '"OK"', '[]'])(
  'a unary 200 with %j is unavailable and not passing',
  async (body) => {
    stage.server.reply({ body });
    const error = await failureOf(stage.driver().generate(ask()));
    expect(error).toMatchObject({ code: 'unavailable', passing: false });
    expect(error.message).toContain('instead of a reply');
  },
);

test('https where http is spoken is not passing', async () => {
  const error = await unreachable(
    createGeminiDriver({ apiKey: 'test-key', baseUrl: stage.server.url.replace('http:', 'https:') }),
  );
  expect(error).toMatchObject({ code: 'unavailable', passing: false, hint: 'Check the base URL.' });
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
  const error = await failureOf(
    createGeminiDriver({ apiKey: 'test-key', baseUrl: `http://127.0.0.1:${port}` }).generate(ask()),
  );
  expect(error).toMatchObject({ code: 'unavailable', passing: false });
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
  const error = classifyUnreachable(failed(code), 'host:443');
  expect(error).toMatchObject({ code: 'unavailable', passing: true });
  expect(error.message).toBe(`there is no answer from host:443: ${words}`);
});

test('of several addresses that refuse, the first stands for all', () => {
  const refused = Object.assign(new Error('connect ECONNREFUSED ::1:80'), { code: 'ECONNREFUSED' });
  const thrown = new Error('request failed', { cause: new AggregateError([refused, refused]) });
  expect(classifyUnreachable(thrown, 'localhost:80').message).toContain('nothing listens there');
});

test.each([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_HAS_EXPIRED',
])('the certificate error %s is not passing and names NODE_EXTRA_CA_CERTS', (code) => {
  const error = classifyUnreachable(failed(code), 'host');
  expect(error).toMatchObject({ code: 'unavailable', passing: false });
  expect(error.message).toContain(code);
  expect(error.hint).toContain('NODE_EXTRA_CA_CERTS');
});
