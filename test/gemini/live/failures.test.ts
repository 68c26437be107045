import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { QuotaExceeded, StreamInterrupted } from '../../../src/errors.js';
import {
  type ConnectionScript,
  closeReasons,
  type LiveScript,
  serverContent,
  spokenReply,
} from '../../helpers/live-replies.js';
import { getError, readStream } from '../gemini-fixture.js';
import { createLiveFixture, createRequest, unfinishedFrames } from './live-fixture.js';

const apiKey = 'AIzaSecret-0123456789';
const fixture = createLiveFixture();
const errorBody = (code: number, message: string) => ({ error: { code, message, status: 'NOT_OK' } });

describe('a connection that is never set up', () => {
  test.each<[string, ConnectionScript, object]>([
    ['is dropped', { at: 'upgrade', action: 'destroy' }, { code: 'unavailable', isTransient: true }],
    ['gets 401', { at: 'upgrade', action: { status: 401, body: errorBody(401, 'No.') } }, { code: 'auth' }],
    ['gets 403', { at: 'upgrade', action: { status: 403, body: '' } }, { code: 'auth' }],
    ['gets 404', { at: 'upgrade', action: { status: 404, body: '' } }, { code: 'unavailable', isTransient: false }],
    ['gets 429', { at: 'upgrade', action: { status: 429, body: '' } }, { code: 'rate_limited', isTransient: true }],
    ['gets 400', { at: 'upgrade', action: { status: 400, body: '' } }, { code: 'invalid_request' }],
    ['gets 503', { at: 'upgrade', action: { status: 503, body: '' } }, { code: 'unavailable', isTransient: true }],
    [
      'gets a page',
      { at: 'upgrade', action: { status: 200, body: '<html>' } },
      { code: 'unavailable', isTransient: false },
    ],
    [
      'is sent elsewhere',
      { at: 'upgrade', action: { status: 302, body: '', headers: { location: 'http://127.0.0.1:1/' } } },
      { code: 'unavailable', isTransient: false },
    ],
    ['is dropped once open', { at: 'open', action: 'destroy' }, { code: 'unavailable', isTransient: true }],
    ['is closed once open', { at: 'open', action: closeReasons.goingAway }, { code: 'unavailable', isTransient: true }],
    [
      'says garbage once open',
      { at: 'open', action: { frame: 'hello?' } },
      { code: 'unavailable', isTransient: false },
    ],
    ['is dropped at the setup', { at: 'setup', action: 'destroy' }, { code: 'unavailable', isTransient: true }],
    [
      'is closed at the setup',
      { at: 'setup', action: closeReasons.goingAway },
      { code: 'unavailable', isTransient: true },
    ],
    ['is refused its setup', { at: 'setup', action: closeReasons.invalidArgument }, { code: 'invalid_request' }],
    ['is refused its key', { at: 'setup', action: closeReasons.invalidKey }, { code: 'auth' }],
    ['finds no such model', { at: 'setup', action: closeReasons.unknownModel('x') }, { code: 'model_not_found' }],
    ['finds no quota', { at: 'setup', action: closeReasons.quota }, { code: 'rate_limited', isTransient: true }],
    [
      'finds the service at fault',
      { at: 'setup', action: closeReasons.internal },
      { code: 'unavailable', isTransient: true },
    ],
    [
      'says garbage at the setup',
      { at: 'setup', action: { frame: '[1' } },
      { code: 'unavailable', isTransient: false },
    ],
    ['gets bytes at the setup', { at: 'setup', action: { frame: Buffer.from([0, 255]) } }, { code: 'unavailable' }],
    [
      'is told an error in a frame',
      { at: 'setup', action: { frame: errorBody(503, 'Overloaded.') } },
      { code: 'unavailable', isTransient: true },
    ],
  ])('that %s ends the call with its error', async (_, door, expected) => {
    fixture.server.live.queueConnections(door);
    const error = await getError(fixture.driver({ apiKey }).generate(createRequest()));
    expect(error).toMatchObject(expected);
    expect(error.hint).toBeTruthy();
    expect(error.message).not.toMatch(/\n|\?key=|wss?:/);
  });

  test.each(['upgrade', 'open', 'setup'] as const)('that stalls at the %s is a timeout', async (at) => {
    fixture.server.live.queueConnections({ at, action: 'stall' });
    const error = await getError(fixture.driver({ setupTimeoutMs: 80 }).generate(createRequest()));
    expect(error).toMatchObject({ code: 'timeout', isTransient: false });
    expect(error.message).toMatch(/^127\.0\.0\.1:\d+ set up no session within 0\.08 s$/);
  });

  test('where the time of the call is shorter, that holds', async () => {
    fixture.server.live.queueConnections({ at: 'setup', action: 'stall' });
    const error = await getError(fixture.driver({ timeoutMs: 70 }).generate(createRequest()));
    expect(error.message).toContain('within 0.07 s');
  });

  test('because nothing listens there', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await delay(10);
    const { port } = server.address() as { port: number };
    await new Promise((resolve) => server.close(resolve));
    const error = await getError(fixture.driver({ baseUrl: `http://127.0.0.1:${port}` }).generate(createRequest()));
    expect(error).toMatchObject({ code: 'unavailable', isTransient: true });
    expect(error.message).toBe(`no response from 127.0.0.1:${port}: connection refused`);
  });

  test('because TLS is spoken where there is none', async () => {
    const baseUrl = fixture.server.url.replace('http:', 'https:');
    const error = await getError(fixture.driver({ baseUrl }).generate(createRequest()));
    expect(error).toMatchObject({ code: 'unavailable', isTransient: false, hint: 'Check the base URL.' });
  });

  test('because something answers that is no HTTP', async () => {
    const server = createServer((socket) => socket.end('SSH-2.0-OpenSSH\r\n')).listen(0, '127.0.0.1');
    await delay(10);
    const { port } = server.address() as { port: number };
    const error = await getError(fixture.driver({ baseUrl: `http://127.0.0.1:${port}` }).generate(createRequest()));
    expect(error).toMatchObject({ code: 'unavailable', isTransient: false });
    server.close();
  });
});

describe('a connection that fails before the reply began', () => {
  test.each<[string, NonNullable<LiveScript['end']>, object]>([
    ['1007', closeReasons.invalidArgument, { code: 'invalid_request', isTransient: false }],
    ['1008', closeReasons.unknownModel('x'), { code: 'model_not_found', isTransient: false }],
    ['1009', { code: 1009, reason: 'too big' }, { code: 'invalid_request', isTransient: false }],
    ['1011 for quota', closeReasons.quota, { code: 'rate_limited', isTransient: true }],
    ['1011', closeReasons.internal, { code: 'unavailable', isTransient: true }],
    ['1013', { code: 1013, reason: 'try again later' }, { code: 'unavailable', isTransient: true }],
    ['a code of its own', { code: 4321, reason: '' }, { code: 'unavailable', isTransient: true }],
  ])('closed with %s ends the call with its error', async (_, end, expected) => {
    // The first two would be tried again in another manner, and lost ones in another session.
    fixture.server.live.queueReplies({ frames: [], end }, { frames: [], end });
    expect(await getError(fixture.driver().generate(createRequest()))).toMatchObject(expected);
  });

  test('is StreamInterrupted where it is lost twice', async () => {
    fixture.server.live.queueReplies({ frames: [], end: 'destroy' }, { frames: [], end: 'reset' });
    expect(await getError(fixture.driver().generate(createRequest()))).toBeInstanceOf(StreamInterrupted);
  });
});

describe('a connection that fails in the midst of a reply', () => {
  test.each<[string, NonNullable<LiveScript['end']>, object]>([
    ['dropped', 'destroy', { code: 'stream_interrupted', isTransient: true }],
    ['reset', 'reset', { code: 'stream_interrupted', isTransient: true }],
    ['closed with 1000', { code: 1000, reason: '' }, { code: 'stream_interrupted', isTransient: true }],
    ['closed with 1001', closeReasons.goingAway, { code: 'stream_interrupted', isTransient: true }],
    ['closed with 1007', closeReasons.invalidArgument, { code: 'invalid_request' }],
    ['closed with 1008', { code: 1008, reason: 'Session expired.' }, { code: 'stream_interrupted' }],
    ['closed with 1011', closeReasons.internal, { code: 'stream_interrupted', isTransient: true }],
    ['closed with 1011 for its age', closeReasons.deadline, { code: 'stream_interrupted', isTransient: true }],
    ['closed with 1011 for quota', closeReasons.quota, { code: 'rate_limited' }],
  ])('%s ends the call with its error', async (_, end, expected) => {
    fixture.server.live.queueReplies({ frames: unfinishedFrames, end });
    const { text, error } = await readStream(fixture.driver().generateStream(createRequest()));
    expect(text).toBe('Hello');
    expect(error).toMatchObject(expected);
    if (error instanceof StreamInterrupted) expect(error.partialText).toBe('Hello');
    // An attempt is never joined to the next one: nobody opens another session.
    expect(fixture.server.live.sessions).toHaveLength(1);
  });

  test.each([
    ['no JSON', 'not json', 'not json'],
    ['half a JSON', '{"serverContent":', '{"serverContent":'],
    ['no object', '"hello"', '"hello"'],
  ])('by a frame that is %s is StreamInterrupted, and no unhandled rejection', async (_, frame, said) => {
    fixture.server.live.queueReplies({ frames: [...unfinishedFrames, frame, ...spokenReply([' you']).frames] });
    const { text, error } = await readStream(fixture.driver().generateStream(createRequest()));
    expect(text).toBe('Hello');
    expect(error).toMatchObject({ code: 'stream_interrupted', partialText: 'Hello' });
    expect(error?.message).toBe(`the stream was interrupted: a frame is malformed: ${said}`);
  });

  test('by an error in a frame has that error', async () => {
    fixture.server.live.queueReplies({ frames: [...unfinishedFrames, errorBody(400, 'Bad.')] });
    expect((await readStream(fixture.driver().generateStream(createRequest()))).error).toMatchObject({
      code: 'invalid_request',
    });
  });

  test('by a reply that the service interrupts is StreamInterrupted', async () => {
    fixture.server.live.queueReplies({
      frames: [...unfinishedFrames, serverContent({ interrupted: true }), serverContent({ turnComplete: true })],
    });
    const { error } = await readStream(fixture.driver().generateStream(createRequest()));
    expect(error).toMatchObject({ code: 'stream_interrupted', isTransient: true, partialText: 'Hello' });
  });

  test('after all was said, but for the word that it is over, is StreamInterrupted too', async () => {
    fixture.server.live.queueReplies({
      frames: [...unfinishedFrames, serverContent({ generationComplete: true })],
      end: 'destroy',
    });
    expect(await getError(fixture.driver().generate(createRequest()))).toMatchObject({ partialText: 'Hello' });
  });
});

test('a failed turn does not spoil the next one', async () => {
  const driver = fixture.driver();
  fixture.server.live.queueReplies({ frames: unfinishedFrames, end: 'destroy' });
  await getError(driver.generate(createRequest()));
  expect((await driver.generate(createRequest())).text).toBe('Reply 1 of gemini-3.8-live to "Say hello."');
});

test('a day that is used up is told from a minute, where the reason says so', async () => {
  const message = 'Quota exceeded: GenerateRequestsPerDayPerProjectPerModel';
  fixture.server.live.queueReplies({ frames: [], end: { code: 1011, reason: message } });
  const error = await getError(fixture.driver().generate(createRequest()));
  expect(error).toBeInstanceOf(QuotaExceeded);
  expect(error).toMatchObject({ code: 'quota_exhausted', isTransient: false, violations: [] });
  expect(error.retryAt?.getTime()).toBeGreaterThan(Date.now());
});

test('a model that is not there names the Live models that are known', async () => {
  const error = await getError(fixture.driver().generate(createRequest('Hi', { model: 'gemini-3.9-live' })));
  expect(error.code).toBe('model_not_found');
  expect(error.message).toMatch(/^the service has no Live model gemini-3\.9-live \(1008, models\/gemini-3\.9-live is/);
  expect(error.hint).toContain('gemini-3.8-live');
});

test('the key is in no message, whatever the service echoes', async () => {
  const echo = { code: 1011, reason: `oops ${apiKey} ${encodeURIComponent(apiKey)}` };
  fixture.server.live.queueReplies(
    { frames: [], end: echo },
    { frames: unfinishedFrames, end: echo },
    { frames: [`{"key":"${apiKey}`] },
  );
  fixture.server.live.queueConnections(undefined, undefined, undefined, {
    at: 'upgrade',
    action: { status: 500, body: apiKey },
  });
  const driver = fixture.driver({ apiKey });
  for (let call = 0; call < 4; call += 1) {
    const error = await getError(driver.generate(createRequest(`Call ${call}`)));
    const texts = [error.message, error.hint, error.stack, String((error.cause as Error | undefined)?.message)].join();
    expect(texts).not.toContain(apiKey);
    expect(texts).not.toContain('?key=');
  }
});

test.each([
  ['stop sequences', { parameters: { stop: ['x'] } }, 'has no stop sequences'],
  ['a length of thinking', { parameters: { thinking: 'low' as const } }, "can't be told how long to think"],
  [
    'a document',
    {
      turns: [
        {
          role: 'user',
          parts: [{ type: 'media', mimeType: 'application/pdf', content: { from: 'bytes', base64: '' } }],
        },
      ],
    },
    'takes text, pictures and sound',
  ] as const,
])('%s are refused before anything is sent', async (_, change, said) => {
  const error = await getError(fixture.driver().generate(createRequest('Hi', change as object)));
  expect(error).toMatchObject({ code: 'invalid_request' });
  expect(error.message).toContain(said);
  expect(fixture.server.live.sessions).toHaveLength(0);
});

test.each(['', 'key with spaces', 'auth_tokens/x'])('the key %j is refused before any connection', async (bad) => {
  const error = await getError(fixture.driver({ apiKey: bad }).generate(createRequest()));
  expect(error.code).toBe(bad === '' ? 'missing_api_key' : 'auth');
});
