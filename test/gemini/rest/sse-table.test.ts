import { expect, test } from 'vitest';
import { StreamInterrupted } from '../../../src/errors.js';
import { createErrorBody } from '../../helpers/gemini-errors.js';
import {
  createChunk,
  formatSseEvent,
  packetReply,
  type ScriptedReply,
  textReply,
} from '../../helpers/gemini-replies.js';
import { createGeminiFixture, createRequest, readStream } from '../gemini-fixture.js';

// Each row of wire.md's table "Its SSE parser", at byte level and under the real SDK.

const fixture = createGeminiFixture();
const hello = createChunk('Hello, ');
const world = createChunk('wörld ☀', 'STOP');

async function playScript(script: ScriptedReply) {
  fixture.server.queueReplies(script);
  return readStream(fixture.driver().generateStream(createRequest()));
}

test.each([
  ['LF', '\n'],
  ['CRLF', '\r\n'],
  ['CR', '\r'],
])('line ends of %s give the text byte for byte', async (_name, newline) => {
  const result = await playScript(packetReply(formatSseEvent(hello, newline), formatSseEvent(world, newline)));
  expect(result).toMatchObject({ text: 'Hello, wörld ☀', response: { text: 'Hello, wörld ☀' } });
});

test('a stream in packets of one byte gives the text byte for byte', async () => {
  const bytes = Buffer.from(formatSseEvent(hello, '\r\n') + formatSseEvent(createChunk('ö☀', 'STOP'), '\r\n'));
  const result = await playScript(packetReply(...Array.from(bytes, (byte) => Uint8Array.of(byte))));
  expect(result).toMatchObject({ text: 'Hello, ö☀', error: undefined });
});

test('whitespace at both ends of the text and of each piece is kept', async () => {
  const result = await playScript(textReply(['\n\n  a', '\t', ' b \r\n', '\n']));
  expect(result.text).toBe('\n\n  a\t b \r\n\n');
  expect(result.response?.text).toBe(result.text);
});

test('a byte order mark, comments and empty events are passed over', async () => {
  const result = await playScript(
    packetReply(`\uFEFF: hello\n\n${formatSseEvent(hello)}: ping\n\ndata:\n\n`, formatSseEvent(world)),
  );
  expect(result).toMatchObject({ text: 'Hello, wörld ☀', error: undefined });
});

test('fields before and after data: are passed over', async () => {
  const event = (chunk: object) => `event: message\nid: 7\nretry: 10\ndata: ${JSON.stringify(chunk)}\nx: y\n\n`;
  const result = await playScript(packetReply(event(hello), event(world)));
  expect(result).toMatchObject({ text: 'Hello, wörld ☀', error: undefined });
});

test('JSON spread over several data: lines, empty ones too, is one event', async () => {
  const lines = JSON.stringify(world, null, 2).split('\n');
  const result = await playScript(packetReply(`data: ${lines.join('\ndata:\ndata: ')}\n\n`));
  expect(result).toMatchObject({ text: 'wörld ☀', error: undefined });
});

test.each(['\n', ''])('a last event that ends in %j only is not lost', async (end) => {
  const result = await playScript(packetReply(formatSseEvent(hello), `data: ${JSON.stringify(world)}${end}`));
  expect(result).toMatchObject({ text: 'Hello, wörld ☀', error: undefined });
});

test('a closing [DONE], as gateways send it, is no event', async () => {
  const result = await playScript(packetReply(formatSseEvent(world), 'data: [DONE]\n\n'));
  expect(result).toMatchObject({ text: 'wörld ☀', error: undefined });
});

test('truncated JSON at the end is StreamInterrupted with the text so far', async () => {
  const result = await playScript(packetReply(formatSseEvent(hello), formatSseEvent(world).slice(0, 30)));
  expect(result.text).toBe('Hello, ');
  expect(result.error).toBeInstanceOf(StreamInterrupted);
  expect(result.error).toMatchObject({ code: 'stream_interrupted', isTransient: true, partialText: 'Hello, ' });
  expect(result.error?.message).toContain('in the middle of an event');
});

test.each(['destroy', 'reset'] as const)(
  'a socket that dies (%s) is StreamInterrupted, even after STOP',
  async (end) => {
    const result = await playScript({ ...packetReply(formatSseEvent(hello), formatSseEvent(world)), end });
    expect(result.text).toBe('Hello, wörld ☀');
    expect(result.error).toMatchObject({ code: 'stream_interrupted', partialText: 'Hello, wörld ☀' });
    expect(result.error?.message).toMatch(/127\.0\.0\.1:\d+ broke: it (closed|reset) the connection/);
  },
);

test('a body shorter than its Content-Length is StreamInterrupted', async () => {
  const result = await playScript({
    ...packetReply(formatSseEvent(world)),
    headers: { 'content-length': '100000' },
    end: 'destroy',
  });
  expect(result.error).toMatchObject({ code: 'stream_interrupted', partialText: 'wörld ☀' });
});

test('a stream without a finish reason is StreamInterrupted', async () => {
  const result = await playScript(textReply(['Hello, '], { finishReason: null }));
  expect(result).toMatchObject({ text: 'Hello, ', error: { code: 'stream_interrupted', partialText: 'Hello, ' } });
  expect(result.error?.message).toContain('without a finish reason');
});

test.each([
  ['an empty body', { chunks: [] }],
  ['no body at all', { status: 204, chunks: [] }],
  ['nothing but comments', packetReply(': ping\n\n', ': ping\n\n')],
] satisfies [string, ScriptedReply][])('a 200 with %s is StreamInterrupted', async (_name, script) => {
  const result = await playScript(script);
  expect(result).toMatchObject({ text: '', error: { code: 'stream_interrupted', partialText: '' } });
});

test('an error in data: is that error', async () => {
  const result = await playScript(
    packetReply(formatSseEvent(hello), formatSseEvent(createErrorBody(503, 'Overloaded.'))),
  );
  expect(result).toMatchObject({ text: 'Hello, ', error: { code: 'unavailable', isTransient: true } });
  expect(result.error?.message).toContain('503 UNAVAILABLE, Overloaded');
});

test('an error in data: is found behind other fields, of the event and of the JSON', async () => {
  const event = `event: error\ndata: ${JSON.stringify({ id: 1, ...createErrorBody(403, 'No.') })}\n\n`;
  expect(await playScript(packetReply(formatSseEvent(hello), event))).toMatchObject({
    text: 'Hello, ',
    error: { code: 'auth' },
  });
});

test('a text that speaks of "error" is no error', async () => {
  const replyText = '{"error": {"code": 500}} and \n\ndata: {"error":{}}\n\n';
  expect(await playScript(packetReply(formatSseEvent(createChunk(replyText, 'STOP'))))).toMatchObject({
    text: replyText,
    error: undefined,
  });
});

const bareError = JSON.stringify(createErrorBody(429, 'Slow\ndown.'), null, 2);

test.each([
  ['over lines, in a packet of its own', [formatSseEvent(hello), `${bareError}\n`]],
  ['on one line', [formatSseEvent(hello), JSON.stringify(createErrorBody(429, 'x'))]],
  ['in one packet with data', [`${formatSseEvent(hello)}${bareError}`]],
  ['with CRLF and blank lines in it', [formatSseEvent(hello, '\r\n'), bareError.replaceAll('\n', '\r\n\r\n')]],
  ['in many packets', [formatSseEvent(hello), ...(bareError.match(/.{1,7}/gs) ?? [])]],
  ['in an array, as streams without SSE send it', [formatSseEvent(hello), `[${bareError}\n]\n`]],
])('a bare error %s is that error, after the text', async (_name, bytes) => {
  const result = await playScript(packetReply(...bytes));
  expect(result).toMatchObject({ text: 'Hello, ', error: { code: 'rate_limited', isTransient: true } });
});

test('a bare error is told while the connection stays open', async () => {
  const result = await playScript({ ...packetReply(formatSseEvent(hello), `${bareError}\n`), end: 'stall' });
  expect(result).toMatchObject({ text: 'Hello, ', error: { code: 'rate_limited' } });
  await fixture.server.requests[0]?.closedEarly;
});

test('a bare error instead of any event is that error', async () => {
  const result = await playScript({ body: createErrorBody(503, 'Overloaded.') });
  expect(result).toMatchObject({ text: '', error: { code: 'unavailable', isTransient: true } });
});

test('a bare error that was cut is StreamInterrupted, even after STOP', async () => {
  const result = await playScript(packetReply(formatSseEvent(world), bareError.slice(0, 40)));
  expect(result).toMatchObject({ text: 'wörld ☀', error: { code: 'stream_interrupted' } });
});

test('CANCELLED in mid-stream is StreamInterrupted, though every chunk said STOP', async () => {
  const bare = JSON.stringify(createErrorBody(499, 'The operation was cancelled.'), null, 2);
  const result = await playScript(
    packetReply(formatSseEvent(createChunk('First ', 'STOP')), formatSseEvent(createChunk('Second ', 'STOP')), bare),
  );
  expect(result.text).toBe('First Second ');
  expect(result.error).toMatchObject({ code: 'stream_interrupted', partialText: 'First Second ' });
  expect(result.error?.message).toContain('499 CANCELLED, The operation was cancelled');
});

test.each(['{"candidates": [oops]}', '[1, 2]', 'null', 'hello'])('the malformed event %j is named', async (data) => {
  const result = await playScript(
    packetReply(`${formatSseEvent(hello)}${formatSseEvent(hello)}data: ${data}\n\n${formatSseEvent(world)}`),
  );
  expect(result).toMatchObject({ text: 'Hello, Hello, ', error: { code: 'stream_interrupted', isTransient: true } });
  expect(result.error).toMatchObject({ partialText: 'Hello, Hello, ' });
  expect(result.error?.message).toContain(`malformed: ${data}`);
});

test.each(['{"note": "whole, and no error"}\n', 'proxy: was here\n'])(
  'the stray line %j after the reply is passed over',
  async (line) => {
    expect(await playScript(packetReply(formatSseEvent(world), line))).toMatchObject({
      text: 'wörld ☀',
      error: undefined,
    });
  },
);

test('FINISH_REASON_UNSPECIFIED is no finish reason', async () => {
  const result = await playScript(packetReply(formatSseEvent(createChunk('Hello', 'FINISH_REASON_UNSPECIFIED'))));
  expect(result).toMatchObject({ text: 'Hello', error: { code: 'stream_interrupted' } });
});

test('a page in place of the stream is told as such, and is not passing', async () => {
  const result = await playScript({ body: '<!doctype html>\n<title>Log in: now</title>\n\n<p>data: x</p>' });
  expect(result.error).toMatchObject({ code: 'unavailable', isTransient: false });
  expect(result.error?.message).toMatch(/answered with a web page, "Log in: now" instead of a reply/);
});

test('JSON that is neither a stream nor an error is told as such', async () => {
  const result = await playScript({ body: '[{"candidates": []}]' });
  expect(result.error).toMatchObject({ code: 'unavailable', isTransient: false });
});

test('each piece of text is a chunk, and the last chunk alone is finished', async () => {
  const { chunks } = await playScript(textReply(['a', 'b', 'c']));
  expect(chunks.map(({ text, finished }) => [text, finished])).toEqual([
    ['a', false],
    ['b', false],
    ['c', false],
    ['', true],
  ]);
  expect(chunks.filter(({ response }) => response)).toHaveLength(1);
  expect(chunks.at(-1)?.metadata).toEqual({ tokensGenerated: 3, finishReason: 'STOP' });
});

test('thousands of events in one packet come through', async () => {
  const pieces = Array.from({ length: 2000 }, (_, index) => `${index} `);
  const body = pieces.map((piece) => formatSseEvent(createChunk(piece, 'STOP'))).join('');
  const result = await playScript(packetReply(body));
  expect(result.chunks).toHaveLength(2001);
  expect(result.text).toBe(pieces.join(''));
});
