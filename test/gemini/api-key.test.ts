import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { listModels } from '../../src/gemini/models/list-models.js';
import { createErrorBody, errorReply, invalidKeyError } from '../helpers/gemini/errors.js';
import { createChunk, emptyReply, formatSseEvent, packetReply, type ScriptedReply } from '../helpers/gemini/replies.js';
import { createGeminiFixture, createRequest, getError, readStream } from './gemini-fixture.js';

const fixture = createGeminiFixture();
const canary = 'CANARY-abc/=+def';

/** Everything of an error that could be printed, as one text. */
function formatFully(error: unknown): string {
  return inspect(error, { depth: 10, showHidden: true }) + JSON.stringify(error);
}

test.each([
  ['an empty key', '', 'missing_api_key'],
  ['a key with a line break', `${canary}\n`, 'auth'],
  ['a key with a character that is not allowed in a header', `${canary}☃`, 'auth'],
  ['a key with a space', `my ${canary}`, 'auth'],
  ['an ephemeral token', `auth_tokens/${canary}`, 'auth'],
])('rejects %s before any request, without printing the key', async (_name, apiKey, code) => {
  const error = await getError(fixture.driver({ apiKey }).generate(createRequest()));
  const { error: streamed } = await readStream(fixture.driver({ apiKey }).generateStream(createRequest()));
  for (const failed of [error, streamed]) {
    expect(failed).toMatchObject({ code, isTransient: false });
    expect(formatFully(failed)).not.toContain(canary);
  }
  expect(fixture.server.requests).toHaveLength(0);
});

test.each([
  [`"${canary}"`, 'the API key is in quotation marks'],
  [`'${canary}`, 'the API key is in quotation marks'],
  [`“${canary}”`, 'the API key is in quotation marks'],
  [`"${canary}",`, 'the API key is in quotation marks'],
  [`Bearer ${canary}`, 'the API key begins with "Bearer"'],
  [`key=${canary}`, 'the API key begins with "key="'],
  [`GEMINI_API_KEY=${canary}`, 'the API key begins with "GEMINI_API_KEY="'],
])('rejects a key with quotation marks or a prefix, says which, and sends no request (%#)', async (apiKey, message) => {
  const calls = [
    () => fixture.driver({ apiKey }).generate(createRequest()),
    () => fixture.driver({ apiKey }).generate(createRequest('Hi', { model: 'gemini-3.8-live' })),
    () => listModels({ apiKey, baseUrl: fixture.server.url }),
  ];
  for (const call of calls) {
    const error = await getError(call());
    expect(error).toMatchObject({ code: 'auth', message, isTransient: false });
    expect(error.hint).toMatch(/^Set GEMINI_API_KEY to the key alone/);
    expect(formatFully(error)).not.toContain(canary);
  }
  expect(fixture.server.requests).toHaveLength(0);
});

const echo = `The key ${canary} and ${encodeURIComponent(canary)} and ${canary}.`;

test.each([
  ['an invalid key', invalidKeyError(canary)],
  ['an overload', errorReply(503, echo)],
  ['a rejected request', errorReply(400, echo)],
  ['a quota', errorReply(429, echo)],
  ['a forbidden request', errorReply(403, echo)],
  ['a web page', { status: 502, body: `<title>${echo}</title>` }],
  ['a web page with 200', { body: `<title>${echo}</title>` }],
  ['a text with 200', { body: `${'x'.repeat(110)}${echo}` }],
  ['a redirect', { status: 302, headers: { location: `https://x.example/?key=${canary}` } }],
  ['escapes in JSON', { status: 400, body: JSON.stringify(createErrorBody(400, echo)).replaceAll('/', '\\/') }],
  [
    'numeric escapes in JSON',
    { status: 400, body: JSON.stringify(createErrorBody(400, echo)).replaceAll('=', '\\u003d') },
  ],
  ['a finish reason', emptyReply(canary)],
  ['an error in a stream', packetReply(formatSseEvent(createChunk('x')), formatSseEvent(createErrorBody(500, echo)))],
  [
    'a bare error in a stream',
    packetReply(formatSseEvent(createChunk('x')), JSON.stringify(createErrorBody(499, echo), null, 1)),
  ],
  [
    'a malformed event',
    packetReply(`data: {"text": "${'x'.repeat(60)}${canary}\n\n${formatSseEvent(createChunk('x', 'STOP'))}`),
  ],
] satisfies [string, ScriptedReply][])(
  'redacts the key that the service echoes in an error (%s)',
  async (_name, script) => {
    fixture.server.queueReplies(script, script);
    const driver = fixture.driver({ apiKey: canary });
    const { error } = await readStream(driver.generateStream(createRequest()));
    for (const failed of [await getError(driver.generate(createRequest())), error]) {
      expect(failed).toBeDefined();
      // Not even the beginning of the key may be left, so a text must be redacted before it is cut to a length.
      expect(formatFully(failed)).not.toMatch(/CANARY/);
    }
  },
);

test('redacts the key in the error of a failed model list', async () => {
  fixture.server.queueListReplies(errorReply(500, echo));
  const error = await getError(listModels({ apiKey: canary, baseUrl: fixture.server.url }));
  expect(error).toMatchObject({ code: 'unavailable' });
  expect(formatFully(error)).not.toMatch(/CANARY/);
});

test('redacts a model name that equals the key', async () => {
  const error = await getError(
    fixture.driver({ apiKey: 'CANARY-key' }).generate(createRequest('Hi', { model: 'CANARY-key' })),
  );
  expect(error).toMatchObject({ code: 'model_not_found' });
  expect(formatFully(error)).not.toMatch(/CANARY/);
});

test('redacts a short key only as a separate word', async () => {
  // The key `test` is also a part of the word `latest`.
  fixture.server.queueReplies(errorReply(400, 'Bad key: test.'));
  const driver = fixture.driver({ apiKey: 'test' });
  expect((await getError(driver.generate(createRequest()))).message).toContain('Bad key: [key]');
  const unknown = await getError(driver.generate(createRequest('Hi', { model: 'gemini-flash-lite-late' })));
  expect(unknown.hint).toContain('gemini-flash-lite-latest');
});
