import { describe, expect, test } from 'vitest';
import { StreamInterrupted } from '../../../src/errors.js';
import { createErrorBody } from '../../helpers/gemini/errors.js';
import {
  createChunk,
  formatSseEvent,
  packetReply,
  type ScriptedReply,
  textReply,
} from '../../helpers/gemini/replies.js';
import { createGeminiFixture, createRequest, readStream } from '../gemini-fixture.js';

// The server sends the exact bytes of each test. The driver passes them through `normalizeSseBody` and then through the
// SDK's parser. The tests cover what that parser alone gets wrong.

const fixture = createGeminiFixture();
const hello = createChunk('Hello, ');
const world = createChunk('wörld ☀', 'STOP');

async function readScript(script: ScriptedReply) {
  fixture.server.queueReplies(script);
  return readStream(fixture.driver().generateStream(createRequest()));
}

test.each([
  ['LF', '\n'],
  ['CRLF', '\r\n'],
  ['CR', '\r'],
])('reads text byte for byte with %s line ends', async (_name, newline) => {
  const result = await readScript(packetReply(formatSseEvent(hello, newline), formatSseEvent(world, newline)));
  expect(result).toMatchObject({ text: 'Hello, wörld ☀', response: { text: 'Hello, wörld ☀' } });
});

test('reads text byte for byte from packets of one byte', async () => {
  const bytes = Buffer.from(formatSseEvent(hello, '\r\n') + formatSseEvent(createChunk('ö☀', 'STOP'), '\r\n'));
  const result = await readScript(packetReply(...Array.from(bytes, (byte) => Uint8Array.of(byte))));
  expect(result).toMatchObject({ text: 'Hello, ö☀', error: undefined });
});

test('keeps whitespace around the text and its pieces', async () => {
  const result = await readScript(textReply(['\n\n  a', '\t', ' b \r\n', '\n']));
  expect(result.text).toBe('\n\n  a\t b \r\n\n');
  expect(result.response?.text).toBe(result.text);
});

test('skips a byte order mark, comments and empty events', async () => {
  const result = await readScript(
    packetReply(`\uFEFF: hello\n\n${formatSseEvent(hello)}: ping\n\ndata:\n\n`, formatSseEvent(world)),
  );
  expect(result).toMatchObject({ text: 'Hello, wörld ☀', error: undefined });
});

test('skips fields before and after data:', async () => {
  const event = (chunk: object) => `event: message\nid: 7\nretry: 10\ndata: ${JSON.stringify(chunk)}\nx: y\n\n`;
  const result = await readScript(packetReply(event(hello), event(world)));
  expect(result).toMatchObject({ text: 'Hello, wörld ☀', error: undefined });
});

test('joins JSON over several data: lines, even empty ones', async () => {
  const lines = JSON.stringify(world, null, 2).split('\n');
  const result = await readScript(packetReply(`data: ${lines.join('\ndata:\ndata: ')}\n\n`));
  expect(result).toMatchObject({ text: 'wörld ☀', error: undefined });
});

test.each(['\n', ''])('reads a last event that ends in %j instead of a blank line', async (end) => {
  const result = await readScript(packetReply(formatSseEvent(hello), `data: ${JSON.stringify(world)}${end}`));
  expect(result).toMatchObject({ text: 'Hello, wörld ☀', error: undefined });
});

test('ignores a final [DONE], which gateways send', async () => {
  const result = await readScript(packetReply(formatSseEvent(world), 'data: [DONE]\n\n'));
  expect(result).toMatchObject({ text: 'wörld ☀', error: undefined });
});

test('throws StreamInterrupted with the text so far for truncated JSON', async () => {
  const result = await readScript(packetReply(formatSseEvent(hello), formatSseEvent(world).slice(0, 30)));
  expect(result.text).toBe('Hello, ');
  expect(result.error).toBeInstanceOf(StreamInterrupted);
  expect(result.error).toMatchObject({ code: 'stream_interrupted', isTransient: true, partialText: 'Hello, ' });
  expect(result.error?.message).toContain('in the middle of an event');
});

test.each(['destroy', 'reset'] as const)(
  'throws StreamInterrupted for a lost connection (%s), even after STOP',
  async (end) => {
    const result = await readScript({ ...packetReply(formatSseEvent(hello), formatSseEvent(world)), end });
    expect(result.text).toBe('Hello, wörld ☀');
    expect(result.error).toMatchObject({ code: 'stream_interrupted', partialText: 'Hello, wörld ☀' });
    expect(result.error?.message).toMatch(/lost connection to 127\.0\.0\.1:\d+ \(connection (closed|reset)\)$/);
  },
);

test('throws StreamInterrupted for a body shorter than its Content-Length', async () => {
  const result = await readScript({
    ...packetReply(formatSseEvent(world)),
    headers: { 'content-length': '100000' },
    end: 'destroy',
  });
  expect(result.error).toMatchObject({ code: 'stream_interrupted', partialText: 'wörld ☀' });
});

test('throws StreamInterrupted for a stream without a finish reason', async () => {
  const result = await readScript(textReply(['Hello, '], { finishReason: null }));
  expect(result).toMatchObject({ text: 'Hello, ', error: { code: 'stream_interrupted', partialText: 'Hello, ' } });
  expect(result.error?.message).toContain('without a finish reason');
});

test.each([
  ['an empty body', { chunks: [] }],
  ['no body at all', { status: 204, chunks: [] }],
  ['nothing but comments', packetReply(': ping\n\n', ': ping\n\n')],
] satisfies [string, ScriptedReply][])(
  'throws StreamInterrupted for a successful response with %s',
  async (_name, script) => {
    const result = await readScript(script);
    expect(result).toMatchObject({ text: '', error: { code: 'stream_interrupted', partialText: '' } });
  },
);

test('classifies an error in data:', async () => {
  const result = await readScript(
    packetReply(formatSseEvent(hello), formatSseEvent(createErrorBody(503, 'Overloaded.'))),
  );
  expect(result).toMatchObject({ text: 'Hello, ', error: { code: 'unavailable', isTransient: true } });
  expect(result.error?.message).toContain('503 UNAVAILABLE, "Overloaded"');
});

test('finds an error in data: after other fields of the event and other fields of the JSON', async () => {
  const event = `event: error\ndata: ${JSON.stringify({ id: 1, ...createErrorBody(403, 'No.') })}\n\n`;
  expect(await readScript(packetReply(formatSseEvent(hello), event))).toMatchObject({
    text: 'Hello, ',
    error: { code: 'auth' },
  });
});

test('accepts text that contains "error"', async () => {
  const replyText = '{"error": {"code": 500}} and \n\ndata: {"error":{}}\n\n';
  expect(await readScript(packetReply(formatSseEvent(createChunk(replyText, 'STOP'))))).toMatchObject({
    text: replyText,
    error: undefined,
  });
});

/** An error without `data:`, as JSON over several lines. Google ends a broken stream with such an error. */
const bareError = JSON.stringify(createErrorBody(429, 'Slow\ndown.'), null, 2);

test.each([
  ['over several lines, in a packet of its own', [formatSseEvent(hello), `${bareError}\n`]],
  ['on one line', [formatSseEvent(hello), JSON.stringify(createErrorBody(429, 'x'))]],
  ['in one packet with data', [`${formatSseEvent(hello)}${bareError}`]],
  ['with CRLF and blank lines in it', [formatSseEvent(hello, '\r\n'), bareError.replaceAll('\n', '\r\n\r\n')]],
  ['in many packets', [formatSseEvent(hello), ...(bareError.match(/.{1,7}/gs) ?? [])]],
  ['in an array, as streams without SSE send it', [formatSseEvent(hello), `[${bareError}\n]\n`]],
])('classifies a bare error %s, after the text', async (_name, bytes) => {
  const result = await readScript(packetReply(...bytes));
  expect(result).toMatchObject({ text: 'Hello, ', error: { code: 'rate_limited', isTransient: true } });
});

test('throws a bare error while the connection stays open', async () => {
  const result = await readScript({ ...packetReply(formatSseEvent(hello), `${bareError}\n`), end: 'stall' });
  expect(result).toMatchObject({ text: 'Hello, ', error: { code: 'rate_limited' } });
  await fixture.server.requests[0]?.whenClosedEarly;
});

test('classifies a bare error that is the whole body', async () => {
  const result = await readScript({ body: createErrorBody(503, 'Overloaded.') });
  expect(result).toMatchObject({ text: '', error: { code: 'unavailable', isTransient: true } });
});

test('throws StreamInterrupted for a truncated bare error, even after STOP', async () => {
  const result = await readScript(packetReply(formatSseEvent(world), bareError.slice(0, 40)));
  expect(result).toMatchObject({ text: 'wörld ☀', error: { code: 'stream_interrupted' } });
});

test('throws StreamInterrupted for CANCELLED, even if every chunk said STOP', async () => {
  const bare = JSON.stringify(createErrorBody(499, 'The operation was cancelled.'), null, 2);
  const result = await readScript(
    packetReply(formatSseEvent(createChunk('First ', 'STOP')), formatSseEvent(createChunk('Second ', 'STOP')), bare),
  );
  expect(result.text).toBe('First Second ');
  expect(result.error).toMatchObject({ code: 'stream_interrupted', partialText: 'First Second ' });
  expect(result.error?.message).toContain('499 CANCELLED, "The operation was cancelled"');
});

test.each(['{"candidates": [oops]}', '[1, 2]', 'null', 'hello'])('names the malformed event %j', async (data) => {
  const result = await readScript(
    packetReply(`${formatSseEvent(hello)}${formatSseEvent(hello)}data: ${data}\n\n${formatSseEvent(world)}`),
  );
  expect(result).toMatchObject({ text: 'Hello, Hello, ', error: { code: 'stream_interrupted', isTransient: true } });
  expect(result.error).toMatchObject({ partialText: 'Hello, Hello, ' });
  expect(result.error?.message).toContain(`malformed event: ${data}`);
});

test.each(['{"note": "whole, and no error"}\n', 'proxy: was here\n'])(
  'skips the stray line %j after the reply',
  async (line) => {
    expect(await readScript(packetReply(formatSseEvent(world), line))).toMatchObject({
      text: 'wörld ☀',
      error: undefined,
    });
  },
);

test('does not accept FINISH_REASON_UNSPECIFIED as a finish reason', async () => {
  const result = await readScript(packetReply(formatSseEvent(createChunk('Hello', 'FINISH_REASON_UNSPECIFIED'))));
  expect(result).toMatchObject({ text: 'Hello', error: { code: 'stream_interrupted' } });
});

test('reports a web page instead of a stream as a permanent error', async () => {
  const result = await readScript({ body: '<!doctype html>\n<title>Log in: now</title>\n\n<p>data: x</p>' });
  expect(result.error).toMatchObject({ code: 'unavailable', isTransient: false });
  expect(result.error?.message).toMatch(/answered with a web page, "Log in: now", instead of a reply/);
});

test('rejects JSON that is neither a reply nor an error', async () => {
  const result = await readScript({ body: '[{"answers": []}]' });
  expect(result.error).toMatchObject({ code: 'unavailable', isTransient: false });
});

describe('JSON instead of a stream', () => {
  const chunks = [createChunk('Hello, '), createChunk('wörld "error" ☀', 'STOP')];
  const whole = createChunk('Hello, wörld "error" ☀', 'STOP');

  test.each([
    ['one object', JSON.stringify(whole)],
    ['one object over several lines', `\n${JSON.stringify(whole, null, 2)}\n`],
    ['an array of chunks', JSON.stringify(chunks)],
    ['an array over several lines', JSON.stringify(chunks, null, 2)],
    ['an array in an event', formatSseEvent(chunks)],
  ])('reads a reply in %s, in one packet or in two', async (_name, body) => {
    for (const packets of [[body], [body.slice(0, 40), body.slice(40)]]) {
      expect(await readScript(packetReply(...packets))).toMatchObject({
        text: 'Hello, wörld "error" ☀',
        error: undefined,
      });
    }
  });

  test('reads a reply that is longer than the maximum length of an error, 65,536 characters', async () => {
    const text = 'word '.repeat(40_000);
    const result = await readScript(packetReply(JSON.stringify([createChunk(text, 'STOP')], null, 2)));
    expect(result.text).toBe(text);
  });

  test('throws the error in an array, after the chunks before it', async () => {
    const result = await readScript(packetReply(JSON.stringify([createChunk('Hel'), createErrorBody(503, 'Later.')])));
    expect(result).toMatchObject({ text: 'Hel', error: { code: 'unavailable', isTransient: true } });
  });

  test('throws StreamInterrupted for a truncated reply', async () => {
    const result = await readScript(packetReply(JSON.stringify(whole).slice(0, -9)));
    expect(result.error).toMatchObject({ code: 'stream_interrupted' });
  });
});

test('skips events that a gateway sends before the reply', async () => {
  const ping = formatSseEvent({ type: 'ping' });
  expect(await readScript(packetReply(ping, formatSseEvent(world)))).toMatchObject({
    text: 'wörld ☀',
    error: undefined,
  });
});

test('yields a chunk per piece of text, then a finished one', async () => {
  const { chunks } = await readScript(textReply(['a', 'b', 'c']));
  expect(chunks.map(({ text, finished }) => [text, finished])).toEqual([
    ['a', false],
    ['b', false],
    ['c', false],
    ['', true],
  ]);
  expect(chunks.filter(({ response }) => response)).toHaveLength(1);
  expect(chunks.at(-1)?.metadata).toEqual({ tokensGenerated: 3, finishReason: 'STOP' });
});

test('reads thousands of events from one packet', async () => {
  const pieces = Array.from({ length: 2000 }, (_, index) => `${index} `);
  const body = pieces.map((piece) => formatSseEvent(createChunk(piece, 'STOP'))).join('');
  const result = await readScript(packetReply(body));
  expect(result.chunks).toHaveLength(2001);
  expect(result.text).toBe(pieces.join(''));
});
