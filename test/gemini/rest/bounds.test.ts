import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { createErrorBody } from '../../helpers/gemini/errors.js';
import { createChunk, packetReply, textReply } from '../../helpers/gemini/replies.js';
import { createGeminiFixture, createRequest, getError, readStream } from '../gemini-fixture.js';

const fixture = createGeminiFixture();
const tooLarge = /^the response from 127\.0\.0\.1:\d+ is larger than 64 MB, so the rest was not read$/;
const megabytes = (count: number) => Array.from({ length: count }, () => 'x'.repeat(1_000_000));

test('stops reading a body of more than 64 MB, counted after decompression', async () => {
  const body = gzipSync(JSON.stringify(createChunk('x'.repeat(65_000_000), 'STOP')));
  fixture.server.queueReplies({ packets: [body], headers: { 'content-encoding': 'gzip' } });
  const { code, message, isTransient } = await getError(fixture.driver().generate(createRequest()));
  expect([code, isTransient]).toEqual(['unavailable', false]);
  expect(message).toMatch(tooLarge);
});

test('stops reading an event of more than 64 MB', async () => {
  fixture.server.queueReplies({ packets: ['data: {"a": "', ...megabytes(65)] });
  const { error } = await readStream(fixture.driver().generateStream(createRequest()));
  expect([error?.code, error?.isTransient]).toEqual(['unavailable', false]);
  expect(error?.message).toMatch(tooLarge);
});

test.each([false, true])('rejects a reply of more than 20 million characters (streamed: %s)', async (streamed) => {
  fixture.server.queueReplies(textReply(['x'.repeat(15_000_000), 'x'.repeat(5_000_001)]));
  const error = streamed
    ? (await readStream(fixture.driver().generateStream(createRequest()))).error
    : await getError(fixture.driver().generate(createRequest()));
  expect(error?.message).toBe('the reply has more than 20 million characters');
});

test('rejects JSON with more than a million values', async () => {
  const json = `{"candidates": [{"content": {"parts": [${Array(1_000_001).fill('{}')}]}}]}`;
  fixture.server.queueReplies({ body: json }, packetReply(`data: ${json}\n\n`));
  const error = await getError(fixture.driver().generate(createRequest()));
  expect(error.message).toMatch(/^the response from .* has more than a million values$/);
  const stream = await readStream(fixture.driver().generateStream(createRequest()));
  expect([stream.error?.code, stream.error?.isTransient]).toEqual(['unavailable', false]);
});

// If the texts of errors were not cut, each of these would take seconds to minutes.
test.each([
  ['a page', '<title'.repeat(500_000)],
  ['a page with a title', `<title>${'x'.repeat(3_000_000)}</title>`],
  ['a message', createErrorBody(503, 'quota per daily '.repeat(200_000))],
  ['a message about a file', createErrorBody(400, 'file '.repeat(600_000))],
  ['deep JSON', `{"error": ${'['.repeat(100_000)}${']'.repeat(100_000)}}`],
])('classifies a huge or deeply nested error twice within 2 s (%s)', async (_, body) => {
  fixture.server.queueReplies({ status: 503, body }, { status: 429, body });
  const startedAt = performance.now();
  expect((await getError(fixture.driver().generate(createRequest()))).code).toBe('unavailable');
  expect((await getError(fixture.driver().generate(createRequest()))).code).toMatch(/rate_limited|quota_exhausted/);
  expect(performance.now() - startedAt).toBeLessThan(2000);
});

test('keeps the text of a reply, and drops parts that are nested too deeply', async () => {
  const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
  const parts = `{"text": "Hello"}, {"functionCall": {"name": "f", "args": {"a": ${deep}}}}`;
  const json = `{"candidates": [{"content": {"parts": [${parts}]}, "finishReason": "STOP"}]}`;
  fixture.server.queueReplies({ body: json }, packetReply(`data: ${json}\n\n`));
  const response = await fixture.driver().generate(createRequest());
  expect(JSON.stringify(response.turn)).toContain('Hello');
  const stream = await readStream(fixture.driver().generateStream(createRequest()));
  expect([stream.text, JSON.stringify(stream.response?.turn.native)]).toEqual(['Hello', '[{"text":"Hello"}]']);
});

test.each([
  ['9'.repeat(400), undefined],
  ['99999999999', undefined],
  ['3600', 3_600_000],
])('accepts a Retry-After of an hour, but none of more than a month (%s)', async (retryAfter, retryAfterMs) => {
  fixture.server.queueReplies({ ...{ status: 503, body: 'busy' }, headers: { 'retry-after': retryAfter } });
  const error = await getError(fixture.driver().generate(createRequest()));
  expect(error.retryAfterMs).toBe(retryAfterMs);
  expect(Number.isNaN(error.retryAt?.getTime() ?? 0)).toBe(false);
});

test('rejects a reply in the form of an array of chunks if it is nested too deeply', async () => {
  const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
  const json = `[{"candidates": ${deep}}]`;
  fixture.server.queueReplies({ body: json }, packetReply(`data: ${json}\n\n`));
  expect((await getError(fixture.driver().generate(createRequest()))).code).toBe('unavailable');
  const { error } = await readStream(fixture.driver().generateStream(createRequest()));
  expect(error?.code).toBe('unavailable');
});
