import { expect, test } from 'vitest';
import { StreamInterrupted } from '../../../src/errors.js';
import { errorBody } from '../../helpers/gemini-errors.js';
import { chunkOf, packets, type Script, sseEvent, text } from '../../helpers/gemini-replies.js';
import { ask, play, setStage } from '../gemini-stage.js';

// Each row of wire.md's table "Its SSE parser", at byte level and under the real SDK.

const stage = setStage();
const hello = chunkOf('Hello, ');
const world = chunkOf('wörld ☀', 'STOP');

async function playScript(script: Script) {
  stage.server.reply(script);
  return play(stage.driver().generateStream(ask()));
}

test.each([
  ['LF', '\n'],
  ['CRLF', '\r\n'],
  ['CR', '\r'],
])('line ends of %s give the text byte for byte', async (_name, newline) => {
  const played = await playScript(packets(sseEvent(hello, newline), sseEvent(world, newline)));
  expect(played).toMatchObject({ text: 'Hello, wörld ☀', response: { text: 'Hello, wörld ☀' } });
});

test('a stream in packets of one byte gives the text byte for byte', async () => {
  const bytes = Buffer.from(sseEvent(hello, '\r\n') + sseEvent(chunkOf('ö☀', 'STOP'), '\r\n'));
  const played = await playScript(packets(...Array.from(bytes, (byte) => Uint8Array.of(byte))));
  expect(played).toMatchObject({ text: 'Hello, ö☀', error: undefined });
});

test('whitespace at both ends of the text and of each piece is kept', async () => {
  const played = await playScript(text(['\n\n  a', '\t', ' b \r\n', '\n']));
  expect(played.text).toBe('\n\n  a\t b \r\n\n');
  expect(played.response?.text).toBe(played.text);
});

test('a byte order mark, comments and empty events are passed over', async () => {
  const played = await playScript(packets(`\uFEFF: hello\n\n${sseEvent(hello)}: ping\n\ndata:\n\n`, sseEvent(world)));
  expect(played).toMatchObject({ text: 'Hello, wörld ☀', error: undefined });
});

test('fields before and after data: are passed over', async () => {
  const event = (chunk: object) => `event: message\nid: 7\nretry: 10\ndata: ${JSON.stringify(chunk)}\nx: y\n\n`;
  const played = await playScript(packets(event(hello), event(world)));
  expect(played).toMatchObject({ text: 'Hello, wörld ☀', error: undefined });
});

test('JSON spread over several data: lines, empty ones too, is one event', async () => {
  const lines = JSON.stringify(world, null, 2).split('\n');
  const played = await playScript(packets(`data: ${lines.join('\ndata:\ndata: ')}\n\n`));
  expect(played).toMatchObject({ text: 'wörld ☀', error: undefined });
});

test.each(['\n', ''])('a last event that ends in %j only is not lost', async (end) => {
  const played = await playScript(packets(sseEvent(hello), `data: ${JSON.stringify(world)}${end}`));
  expect(played).toMatchObject({ text: 'Hello, wörld ☀', error: undefined });
});

test('a closing [DONE], as gateways send it, is no event', async () => {
  const played = await playScript(packets(sseEvent(world), 'data: [DONE]\n\n'));
  expect(played).toMatchObject({ text: 'wörld ☀', error: undefined });
});

test('truncated JSON at the end is StreamInterrupted with the text so far', async () => {
  const played = await playScript(packets(sseEvent(hello), sseEvent(world).slice(0, 30)));
  expect(played.text).toBe('Hello, ');
  expect(played.error).toBeInstanceOf(StreamInterrupted);
  expect(played.error).toMatchObject({ code: 'stream_interrupted', passing: true, partialText: 'Hello, ' });
  expect(played.error?.message).toContain('in the middle of an event');
});

test.each(['destroy', 'reset'] as const)(
  'a socket that dies (%s) is StreamInterrupted, even after STOP',
  async (end) => {
    const played = await playScript({ ...packets(sseEvent(hello), sseEvent(world)), end });
    expect(played.text).toBe('Hello, wörld ☀');
    expect(played.error).toMatchObject({ code: 'stream_interrupted', partialText: 'Hello, wörld ☀' });
    expect(played.error?.message).toMatch(/127\.0\.0\.1:\d+ broke: it (closed|reset) the connection/);
  },
);

test('a body shorter than its Content-Length is StreamInterrupted', async () => {
  const played = await playScript({
    ...packets(sseEvent(world)),
    headers: { 'content-length': '100000' },
    end: 'destroy',
  });
  expect(played.error).toMatchObject({ code: 'stream_interrupted', partialText: 'wörld ☀' });
});

test('a stream without a finish reason is StreamInterrupted', async () => {
  const played = await playScript(text(['Hello, '], { finishReason: null }));
  expect(played).toMatchObject({ text: 'Hello, ', error: { code: 'stream_interrupted', partialText: 'Hello, ' } });
  expect(played.error?.message).toContain('without a finish reason');
});

test.each([
  ['an empty body', { chunks: [] }],
  ['no body at all', { status: 204, chunks: [] }],
  ['nothing but comments', packets(': ping\n\n', ': ping\n\n')],
] satisfies [string, Script][])('a 200 with %s is StreamInterrupted', async (_name, script) => {
  const played = await playScript(script);
  expect(played).toMatchObject({ text: '', error: { code: 'stream_interrupted', partialText: '' } });
});

test('an error in data: is that error', async () => {
  const played = await playScript(packets(sseEvent(hello), sseEvent(errorBody(503, 'Overloaded.'))));
  expect(played).toMatchObject({ text: 'Hello, ', error: { code: 'unavailable', passing: true } });
  expect(played.error?.message).toContain('503 UNAVAILABLE, Overloaded');
});

test('an error in data: is found behind other fields, of the event and of the JSON', async () => {
  const event = `event: error\ndata: ${JSON.stringify({ id: 1, ...errorBody(403, 'No.') })}\n\n`;
  expect(await playScript(packets(sseEvent(hello), event))).toMatchObject({ text: 'Hello, ', error: { code: 'auth' } });
});

test('a text that speaks of "error" is no error', async () => {
  const said = '{"error": {"code": 500}} and \n\ndata: {"error":{}}\n\n';
  expect(await playScript(packets(sseEvent(chunkOf(said, 'STOP'))))).toMatchObject({ text: said, error: undefined });
});

const bareError = JSON.stringify(errorBody(429, 'Slow\ndown.'), null, 2);

test.each([
  ['over lines, in a packet of its own', [sseEvent(hello), `${bareError}\n`]],
  ['on one line', [sseEvent(hello), JSON.stringify(errorBody(429, 'x'))]],
  ['in one packet with data', [`${sseEvent(hello)}${bareError}`]],
  ['with CRLF and blank lines in it', [sseEvent(hello, '\r\n'), bareError.replaceAll('\n', '\r\n\r\n')]],
  ['in many packets', [sseEvent(hello), ...(bareError.match(/.{1,7}/gs) ?? [])]],
  ['in an array, as streams without SSE send it', [sseEvent(hello), `[${bareError}\n]\n`]],
])('a bare error %s is that error, after the text', async (_name, bytes) => {
  const played = await playScript(packets(...bytes));
  expect(played).toMatchObject({ text: 'Hello, ', error: { code: 'rate_limited', passing: true } });
});

test('a bare error is told while the connection stays open', async () => {
  const played = await playScript({ ...packets(sseEvent(hello), `${bareError}\n`), end: 'stall' });
  expect(played).toMatchObject({ text: 'Hello, ', error: { code: 'rate_limited' } });
  await stage.server.requests[0]?.closedEarly;
});

test('a bare error instead of any event is that error', async () => {
  const played = await playScript({ body: errorBody(503, 'Overloaded.') });
  expect(played).toMatchObject({ text: '', error: { code: 'unavailable', passing: true } });
});

test('a bare error that was cut is StreamInterrupted, even after STOP', async () => {
  const played = await playScript(packets(sseEvent(world), bareError.slice(0, 40)));
  expect(played).toMatchObject({ text: 'wörld ☀', error: { code: 'stream_interrupted' } });
});

test('CANCELLED in mid-stream is StreamInterrupted, though every chunk said STOP', async () => {
  const bare = JSON.stringify(errorBody(499, 'The operation was cancelled.'), null, 2);
  const played = await playScript(
    packets(sseEvent(chunkOf('First ', 'STOP')), sseEvent(chunkOf('Second ', 'STOP')), bare),
  );
  expect(played.text).toBe('First Second ');
  expect(played.error).toMatchObject({ code: 'stream_interrupted', partialText: 'First Second ' });
  expect(played.error?.message).toContain('499 CANCELLED, The operation was cancelled');
});

test.each(['{"candidates": [oops]}', '[1, 2]', 'null', 'hello'])('the malformed event %j is named', async (data) => {
  const played = await playScript(packets(`${sseEvent(hello)}${sseEvent(hello)}data: ${data}\n\n${sseEvent(world)}`));
  expect(played).toMatchObject({ text: 'Hello, Hello, ', error: { code: 'stream_interrupted', passing: true } });
  expect(played.error).toMatchObject({ partialText: 'Hello, Hello, ' });
  expect(played.error?.message).toContain(`malformed: ${data}`);
});

test.each(['{"note": "whole, and no error"}\n', 'proxy: was here\n'])(
  'the stray line %j after the reply is passed over',
  async (line) => {
    expect(await playScript(packets(sseEvent(world), line))).toMatchObject({ text: 'wörld ☀', error: undefined });
  },
);

test('FINISH_REASON_UNSPECIFIED is no finish reason', async () => {
  const played = await playScript(packets(sseEvent(chunkOf('Hello', 'FINISH_REASON_UNSPECIFIED'))));
  expect(played).toMatchObject({ text: 'Hello', error: { code: 'stream_interrupted' } });
});

test('a page in place of the stream is told as such, and is not passing', async () => {
  const played = await playScript({ body: '<!doctype html>\n<title>Log in: now</title>\n\n<p>data: x</p>' });
  expect(played.error).toMatchObject({ code: 'unavailable', passing: false });
  expect(played.error?.message).toMatch(/answered with a web page, "Log in: now" instead of a reply/);
});

test('JSON that is neither a stream nor an error is told as such', async () => {
  const played = await playScript({ body: '[{"candidates": []}]' });
  expect(played.error).toMatchObject({ code: 'unavailable', passing: false });
});

test('each piece of text is a chunk, and the last chunk alone is finished', async () => {
  const { chunks } = await playScript(text(['a', 'b', 'c']));
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
  const body = pieces.map((piece) => sseEvent(chunkOf(piece, 'STOP'))).join('');
  const played = await playScript(packets(body));
  expect(played.chunks).toHaveLength(2001);
  expect(played.text).toBe(pieces.join(''));
});
