import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { QuotaRefused, StreamInterrupted } from '../../../src/errors.js';
import { closes, content, type LiveDoor, type LiveScript, spoken } from '../../helpers/live-replies.js';
import { failureOf, play } from '../gemini-stage.js';
import { ask, begun, setLiveStage } from './live-stage.js';

const apiKey = 'AIzaSecret-0123456789';
const stage = setLiveStage();
const errorBody = (code: number, message: string) => ({ error: { code, message, status: 'NOT_OK' } });

describe('a connection that is never set up', () => {
  test.each<[string, LiveDoor, object]>([
    ['is dropped', { at: 'upgrade', comes: 'destroy' }, { code: 'unavailable', passing: true }],
    ['gets 401', { at: 'upgrade', comes: { status: 401, body: errorBody(401, 'No.') } }, { code: 'auth' }],
    ['gets 403', { at: 'upgrade', comes: { status: 403, body: '' } }, { code: 'auth' }],
    ['gets 404', { at: 'upgrade', comes: { status: 404, body: '' } }, { code: 'unavailable', passing: false }],
    ['gets 429', { at: 'upgrade', comes: { status: 429, body: '' } }, { code: 'rate_limited', passing: true }],
    ['gets 400', { at: 'upgrade', comes: { status: 400, body: '' } }, { code: 'invalid_request' }],
    ['gets 503', { at: 'upgrade', comes: { status: 503, body: '' } }, { code: 'unavailable', passing: true }],
    ['gets a page', { at: 'upgrade', comes: { status: 200, body: '<html>' } }, { code: 'unavailable', passing: false }],
    [
      'is sent elsewhere',
      { at: 'upgrade', comes: { status: 302, body: '', headers: { location: 'http://127.0.0.1:1/' } } },
      { code: 'unavailable', passing: false },
    ],
    ['is dropped once open', { at: 'open', comes: 'destroy' }, { code: 'unavailable', passing: true }],
    ['is closed once open', { at: 'open', comes: closes.goingAway }, { code: 'unavailable', passing: true }],
    ['says garbage once open', { at: 'open', comes: { frame: 'hello?' } }, { code: 'unavailable', passing: false }],
    ['is dropped at the setup', { at: 'setup', comes: 'destroy' }, { code: 'unavailable', passing: true }],
    ['is closed at the setup', { at: 'setup', comes: closes.goingAway }, { code: 'unavailable', passing: true }],
    ['is refused its setup', { at: 'setup', comes: closes.invalidArgument }, { code: 'invalid_request' }],
    ['is refused its key', { at: 'setup', comes: closes.keyInvalid }, { code: 'auth' }],
    ['finds no such model', { at: 'setup', comes: closes.unknownModel('x') }, { code: 'model_not_found' }],
    ['finds no quota', { at: 'setup', comes: closes.quota }, { code: 'rate_limited', passing: true }],
    ['finds the service at fault', { at: 'setup', comes: closes.internal }, { code: 'unavailable', passing: true }],
    ['says garbage at the setup', { at: 'setup', comes: { frame: '[1' } }, { code: 'unavailable', passing: false }],
    ['gets bytes at the setup', { at: 'setup', comes: { frame: Buffer.from([0, 255]) } }, { code: 'unavailable' }],
    [
      'is told an error in a frame',
      { at: 'setup', comes: { frame: errorBody(503, 'Overloaded.') } },
      { code: 'unavailable', passing: true },
    ],
  ])('that %s ends the call with its error', async (_, door, expected) => {
    stage.server.live.meet(door);
    const error = await failureOf(stage.driver({ apiKey }).generate(ask()));
    expect(error).toMatchObject(expected);
    expect(error.hint).toBeTruthy();
    expect(error.message).not.toMatch(/\n|\?key=|wss?:/);
  });

  test.each(['upgrade', 'open', 'setup'] as const)('that stalls at the %s is a timeout', async (at) => {
    stage.server.live.meet({ at, comes: 'stall' });
    const error = await failureOf(stage.driver({ setupTimeoutMs: 80 }).generate(ask()));
    expect(error).toMatchObject({ code: 'timeout', passing: false });
    expect(error.message).toMatch(/^127\.0\.0\.1:\d+ set up no session within 0\.08 s$/);
  });

  test('where the time of the call is shorter, that holds', async () => {
    stage.server.live.meet({ at: 'setup', comes: 'stall' });
    const error = await failureOf(stage.driver({ timeoutMs: 70 }).generate(ask()));
    expect(error.message).toContain('within 0.07 s');
  });

  test('because nothing listens there', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await delay(10);
    const { port } = server.address() as { port: number };
    await new Promise((resolve) => server.close(resolve));
    const error = await failureOf(stage.driver({ baseUrl: `http://127.0.0.1:${port}` }).generate(ask()));
    expect(error).toMatchObject({ code: 'unavailable', passing: true });
    expect(error.message).toBe(`there is no answer from 127.0.0.1:${port}: nothing listens there`);
  });

  test('because TLS is spoken where there is none', async () => {
    const baseUrl = stage.server.url.replace('http:', 'https:');
    const error = await failureOf(stage.driver({ baseUrl }).generate(ask()));
    expect(error).toMatchObject({ code: 'unavailable', passing: false, hint: 'Check the base URL.' });
  });

  test('because something answers that is no HTTP', async () => {
    const server = createServer((socket) => socket.end('SSH-2.0-OpenSSH\r\n')).listen(0, '127.0.0.1');
    await delay(10);
    const { port } = server.address() as { port: number };
    const error = await failureOf(stage.driver({ baseUrl: `http://127.0.0.1:${port}` }).generate(ask()));
    expect(error).toMatchObject({ code: 'unavailable', passing: false });
    server.close();
  });
});

describe('a connection that fails before the reply began', () => {
  test.each<[string, NonNullable<LiveScript['end']>, object]>([
    ['1007', closes.invalidArgument, { code: 'invalid_request', passing: false }],
    ['1008', closes.unknownModel('x'), { code: 'model_not_found', passing: false }],
    ['1009', { code: 1009, reason: 'too big' }, { code: 'invalid_request', passing: false }],
    ['1011 for quota', closes.quota, { code: 'rate_limited', passing: true }],
    ['1011', closes.internal, { code: 'unavailable', passing: true }],
    ['1013', { code: 1013, reason: 'try again later' }, { code: 'unavailable', passing: true }],
    ['a code of its own', { code: 4321, reason: '' }, { code: 'unavailable', passing: true }],
  ])('closed with %s ends the call with its error', async (_, end, expected) => {
    // The first two would be tried again in another manner, and lost ones in another session.
    stage.server.live.reply({ frames: [], end }, { frames: [], end });
    expect(await failureOf(stage.driver().generate(ask()))).toMatchObject(expected);
  });

  test('is StreamInterrupted where it is lost twice', async () => {
    stage.server.live.reply({ frames: [], end: 'destroy' }, { frames: [], end: 'reset' });
    expect(await failureOf(stage.driver().generate(ask()))).toBeInstanceOf(StreamInterrupted);
  });
});

describe('a connection that fails in the midst of a reply', () => {
  test.each<[string, NonNullable<LiveScript['end']>, object]>([
    ['dropped', 'destroy', { code: 'stream_interrupted', passing: true }],
    ['reset', 'reset', { code: 'stream_interrupted', passing: true }],
    ['closed with 1000', { code: 1000, reason: '' }, { code: 'stream_interrupted', passing: true }],
    ['closed with 1001', closes.goingAway, { code: 'stream_interrupted', passing: true }],
    ['closed with 1007', closes.invalidArgument, { code: 'invalid_request' }],
    ['closed with 1008', { code: 1008, reason: 'Session expired.' }, { code: 'stream_interrupted' }],
    ['closed with 1011', closes.internal, { code: 'stream_interrupted', passing: true }],
    ['closed with 1011 for its age', closes.deadline, { code: 'stream_interrupted', passing: true }],
    ['closed with 1011 for quota', closes.quota, { code: 'rate_limited' }],
  ])('%s ends the call with its error', async (_, end, expected) => {
    stage.server.live.reply({ frames: begun, end });
    const { text, error } = await play(stage.driver().generateStream(ask()));
    expect(text).toBe('Hello');
    expect(error).toMatchObject(expected);
    if (error instanceof StreamInterrupted) expect(error.partialText).toBe('Hello');
    // An attempt is never joined to the next one: nobody opens another session.
    expect(stage.server.live.sessions).toHaveLength(1);
  });

  test.each([
    ['no JSON', 'not json', 'not json'],
    ['half a JSON', '{"serverContent":', '{"serverContent":'],
    ['no object', '"hello"', '"hello"'],
  ])('by a frame that is %s is StreamInterrupted, and no unhandled rejection', async (_, frame, said) => {
    stage.server.live.reply({ frames: [...begun, frame, ...spoken([' you']).frames] });
    const { text, error } = await play(stage.driver().generateStream(ask()));
    expect(text).toBe('Hello');
    expect(error).toMatchObject({ code: 'stream_interrupted', partialText: 'Hello' });
    expect(error?.message).toBe(`the stream was interrupted: a frame is malformed: ${said}`);
  });

  test('by an error in a frame has that error', async () => {
    stage.server.live.reply({ frames: [...begun, errorBody(400, 'Bad.')] });
    expect((await play(stage.driver().generateStream(ask()))).error).toMatchObject({ code: 'invalid_request' });
  });

  test('by a reply that the service interrupts is StreamInterrupted', async () => {
    stage.server.live.reply({ frames: [...begun, content({ interrupted: true }), content({ turnComplete: true })] });
    const { error } = await play(stage.driver().generateStream(ask()));
    expect(error).toMatchObject({ code: 'stream_interrupted', passing: true, partialText: 'Hello' });
  });

  test('after all was said, but for the word that it is over, is StreamInterrupted too', async () => {
    stage.server.live.reply({ frames: [...begun, content({ generationComplete: true })], end: 'destroy' });
    expect(await failureOf(stage.driver().generate(ask()))).toMatchObject({ partialText: 'Hello' });
  });
});

test('a failed turn does not spoil the next one', async () => {
  const driver = stage.driver();
  stage.server.live.reply({ frames: begun, end: 'destroy' });
  await failureOf(driver.generate(ask()));
  expect((await driver.generate(ask())).text).toBe('Reply 1 of gemini-3.8-live to "Say hello."');
});

test('a day that is used up is told from a minute, where the reason says so', async () => {
  const said = 'Quota exceeded: GenerateRequestsPerDayPerProjectPerModel';
  stage.server.live.reply({ frames: [], end: { code: 1011, reason: said } });
  const error = await failureOf(stage.driver().generate(ask()));
  expect(error).toBeInstanceOf(QuotaRefused);
  expect(error).toMatchObject({ code: 'quota_exhausted', passing: false, facts: [] });
  expect(error.retryAt?.getTime()).toBeGreaterThan(Date.now());
});

test('a model that is not there names the Live models that are known', async () => {
  const error = await failureOf(stage.driver().generate(ask('Hi', { model: 'gemini-3.9-live' })));
  expect(error.code).toBe('model_not_found');
  expect(error.message).toMatch(/^the service has no Live model gemini-3\.9-live \(1008, models\/gemini-3\.9-live is/);
  expect(error.hint).toContain('gemini-3.8-live');
});

test('the key is in no message, whatever the service echoes', async () => {
  const echo = { code: 1011, reason: `oops ${apiKey} ${encodeURIComponent(apiKey)}` };
  stage.server.live.reply({ frames: [], end: echo }, { frames: begun, end: echo }, { frames: [`{"key":"${apiKey}`] });
  stage.server.live.meet(undefined, undefined, undefined, { at: 'upgrade', comes: { status: 500, body: apiKey } });
  const driver = stage.driver({ apiKey });
  for (let call = 0; call < 4; call += 1) {
    const error = await failureOf(driver.generate(ask(`Call ${call}`)));
    const told = [error.message, error.hint, error.stack, String((error.cause as Error | undefined)?.message)].join();
    expect(told).not.toContain(apiKey);
    expect(told).not.toContain('?key=');
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
  const error = await failureOf(stage.driver().generate(ask('Hi', change as object)));
  expect(error).toMatchObject({ code: 'invalid_request' });
  expect(error.message).toContain(said);
  expect(stage.server.live.sessions).toHaveLength(0);
});

test.each(['', 'key with spaces', 'auth_tokens/x'])('the key %j is refused before any connection', async (bad) => {
  const error = await failureOf(stage.driver({ apiKey: bad }).generate(ask()));
  expect(error.code).toBe(bad === '' ? 'missing_api_key' : 'auth');
});
