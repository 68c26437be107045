import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { QuotaExceeded, StreamInterrupted } from '../../../src/errors.js';
import {
  type ConnectionScript,
  closeFrames,
  type LiveClose,
  type LiveScript,
  serverContent,
  spokenReply,
} from '../../helpers/gemini/live-replies.js';
import { getError, readStream } from '../gemini-fixture.js';
import { createLiveFixture, createRequest, liveModel, unfinishedFrames } from './live-fixture.js';

const apiKey = 'AIzaSecret-0123456789';
const fixture = createLiveFixture();
const errorBody = (code: number, message: string) => ({ error: { code, message, status: 'NOT_OK' } });

describe('before the session is set up, a connection', () => {
  test.each<[string, ConnectionScript, object]>([
    ['is dropped', { at: 'upgrade', action: 'destroy' }, { code: 'unavailable', isTransient: true }],
    ['gets 401', { at: 'upgrade', action: { status: 401, body: errorBody(401, 'No.') } }, { code: 'auth' }],
    ['gets 403', { at: 'upgrade', action: { status: 403, body: errorBody(403, 'No.') } }, { code: 'auth' }],
    ['gets 404', { at: 'upgrade', action: { status: 404, body: '' } }, { code: 'unavailable', isTransient: false }],
    ['gets 429', { at: 'upgrade', action: { status: 429, body: '' } }, { code: 'rate_limited', isTransient: true }],
    ['gets 400', { at: 'upgrade', action: { status: 400, body: errorBody(400, 'No.') } }, { code: 'invalid_request' }],
    ['gets 503', { at: 'upgrade', action: { status: 503, body: '' } }, { code: 'unavailable', isTransient: true }],
    [
      'gets a web page',
      { at: 'upgrade', action: { status: 200, body: '<html>' } },
      { code: 'unavailable', isTransient: false },
    ],
    [
      'is redirected',
      { at: 'upgrade', action: { status: 302, body: '', headers: { location: 'http://127.0.0.1:1/' } } },
      { code: 'unavailable', isTransient: false },
    ],
    ['is dropped after it opened', { at: 'open', action: 'destroy' }, { code: 'unavailable', isTransient: true }],
    [
      'is closed after it opened',
      { at: 'open', action: closeFrames.goingAway },
      { code: 'unavailable', isTransient: true },
    ],
    [
      'receives garbage after it opened',
      { at: 'open', action: { frame: 'hello?' } },
      { code: 'unavailable', isTransient: false },
    ],
    ['is dropped during the setup', { at: 'setup', action: 'destroy' }, { code: 'unavailable', isTransient: true }],
    [
      'is closed during the setup',
      { at: 'setup', action: closeFrames.goingAway },
      { code: 'unavailable', isTransient: true },
    ],
    [
      'is closed with 1007 during the setup',
      { at: 'setup', action: closeFrames.invalidArgument },
      { code: 'invalid_request' },
    ],
    ['is closed because of its key', { at: 'setup', action: closeFrames.invalidKey }, { code: 'auth' }],
    [
      'is closed because of an unknown model',
      { at: 'setup', action: closeFrames.unknownModel('x') },
      { code: 'model_not_found' },
    ],
    [
      'is closed because of a quota',
      { at: 'setup', action: closeFrames.quota },
      { code: 'rate_limited', isTransient: true },
    ],
    [
      'is closed because of an internal error',
      { at: 'setup', action: closeFrames.internal },
      { code: 'unavailable', isTransient: true },
    ],
    [
      'receives garbage during the setup',
      { at: 'setup', action: { frame: '[1' } },
      { code: 'unavailable', isTransient: false },
    ],
    [
      'receives binary garbage during the setup',
      { at: 'setup', action: { frame: Buffer.from([0, 255]) } },
      { code: 'unavailable' },
    ],
    [
      'receives an error in a frame',
      { at: 'setup', action: { frame: errorBody(503, 'Overloaded.') } },
      { code: 'unavailable', isTransient: true },
    ],
  ])('that %s ends the call with the matching error', async (_, script, expected) => {
    fixture.server.live.queueConnections(script);
    const error = await getError(fixture.driver({ apiKey }).generate(createRequest()));
    expect(error).toMatchObject(expected);
    expect(error.hint).toBeTruthy();
    expect(error.message).not.toMatch(/\n|\?key=|wss?:/);
  });

  test.each(['upgrade', 'open', 'setup'] as const)('that stalls at the %s times out', async (at) => {
    fixture.server.live.queueConnections({ at, action: 'stall' });
    const error = await getError(fixture.driver({ setupTimeoutMs: 80 }).generate(createRequest()));
    expect(error).toMatchObject({ code: 'timeout', isTransient: false });
    expect(error.message).toMatch(/^127\.0\.0\.1:\d+ did not set up a session within 0\.08 s$/);
  });

  test('that stalls times out after timeoutMs if that is shorter than setupTimeoutMs', async () => {
    fixture.server.live.queueConnections({ at: 'setup', action: 'stall' });
    const error = await getError(fixture.driver({ timeoutMs: 70 }).generate(createRequest()));
    expect(error.message).toContain('within 0.07 s');
  });

  test('is reported as refused if no server listens', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await delay(10);
    const { port } = server.address() as { port: number };
    await new Promise((resolve) => server.close(resolve));
    const error = await getError(fixture.driver({ baseUrl: `http://127.0.0.1:${port}` }).generate(createRequest()));
    expect(error).toMatchObject({ code: 'unavailable', isTransient: true });
    expect(error.message).toBe(`no response from 127.0.0.1:${port}: connection refused`);
  });

  test('fails permanently, with a hint about the base URL, if the server does not speak TLS', async () => {
    const baseUrl = fixture.server.url.replace('http:', 'https:');
    const error = await getError(fixture.driver({ baseUrl }).generate(createRequest()));
    expect(error).toMatchObject({ code: 'unavailable', isTransient: false, hint: 'Check the base URL.' });
  });

  test('fails permanently if the server does not speak HTTP', async () => {
    const server = createServer((socket) => socket.end('SSH-2.0-OpenSSH\r\n')).listen(0, '127.0.0.1');
    await delay(10);
    const { port } = server.address() as { port: number };
    const error = await getError(fixture.driver({ baseUrl: `http://127.0.0.1:${port}` }).generate(createRequest()));
    expect(error).toMatchObject({ code: 'unavailable', isTransient: false });
    server.close();
  });
});

describe('a connection that ends before the reply begins', () => {
  test.each<[string, NonNullable<LiveScript['end']>, object]>([
    ['the code 1007', closeFrames.invalidArgument, { code: 'invalid_request', isTransient: false }],
    ['1008 about an unknown model', closeFrames.unknownModel('x'), { code: 'model_not_found', isTransient: false }],
    ...[
      'The operation was aborted.',
      'Operation is not implemented, or supported, or enabled.',
      'Requested entity was not found.',
      'BidiGenerateContent session not found',
      '',
    ].map((reason): [string, LiveClose, object] => [
      `1008 "${reason}"`,
      { code: 1008, reason },
      { code: 'unavailable', isTransient: true },
    ]),
    [
      '1008 about the project',
      { code: 1008, reason: 'Your project has been denied access. Please contact support.' },
      { code: 'auth', message: expect.stringContaining('access denied: 1008, "Your project'), isTransient: false },
    ],
    [
      '1008 about permissions',
      { code: 1008, reason: 'Permission denied on resource project None.' },
      { code: 'auth', hint: expect.stringContaining('project') },
    ],
    ['1009', { code: 1009, reason: 'too big' }, { code: 'invalid_request', isTransient: false }],
    ['1011 because of a quota', closeFrames.quota, { code: 'rate_limited', isTransient: true }],
    ['1011', closeFrames.internal, { code: 'unavailable', isTransient: true }],
    ['1013', { code: 1013, reason: 'try again later' }, { code: 'unavailable', isTransient: true }],
    ['an unknown code', { code: 4321, reason: '' }, { code: 'unavailable', isTransient: true }],
  ])('is reported as the matching error if it is closed with %s', async (_, end, expected) => {
    // After 1007 the driver sends the prompt again, as realtime input instead of client content. The second script
    // answers that request.
    fixture.server.live.queueReplies({ frames: [], end }, { frames: [], end });
    expect(await getError(fixture.driver().generate(createRequest()))).toMatchObject(expected);
  });

  test('is reported as StreamInterrupted if the driver opens a second session and loses its connection too', async () => {
    fixture.server.live.queueReplies({ frames: [], end: 'destroy' }, { frames: [], end: 'reset' });
    expect(await getError(fixture.driver().generate(createRequest()))).toBeInstanceOf(StreamInterrupted);
  });
});

test.each([
  ['names the model', `${liveModel} is not available`, { code: 'model_not_found' }],
  ['says that the model is not supported', 'x is not supported for bidiGenerateContent', { code: 'model_not_found' }],
  ['says nothing about the model', 'The operation was aborted.', { code: 'unavailable', isTransient: true }],
])(
  'if the setup is closed with 1008 and the reason %s, the call ends with the matching error',
  async (_, reason, expected) => {
    fixture.server.live.queueConnections({ at: 'setup', action: { code: 1008, reason } });
    expect(await getError(fixture.driver().generate(createRequest()))).toMatchObject(expected);
  },
);

test('reports 1008 after the first sound as a transient failure, not as an unknown model', async () => {
  const frames = spokenReply(['Hello'], { transcript: false }).frames.slice(0, 1);
  fixture.server.live.queueReplies({ frames, end: { code: 1008, reason: 'The operation was aborted.' } });
  const error = await getError(fixture.driver().generate(createRequest()));
  expect(error).toMatchObject({ code: 'unavailable', isTransient: true });
});

describe('a failure mid-reply', () => {
  test.each<[string, NonNullable<LiveScript['end']>, object]>([
    ['is dropped', 'destroy', { code: 'stream_interrupted', isTransient: true }],
    ['is reset', 'reset', { code: 'stream_interrupted', isTransient: true }],
    ['is closed with 1000', { code: 1000, reason: '' }, { code: 'stream_interrupted', isTransient: true }],
    ['is closed with 1001', closeFrames.goingAway, { code: 'stream_interrupted', isTransient: true }],
    ['is closed with 1007', closeFrames.invalidArgument, { code: 'invalid_request' }],
    ['is closed with 1008', { code: 1008, reason: 'Session expired.' }, { code: 'stream_interrupted' }],
    ['is closed with 1011', closeFrames.internal, { code: 'stream_interrupted', isTransient: true }],
    ['is closed with 1011 because of its age', closeFrames.deadline, { code: 'stream_interrupted', isTransient: true }],
    ['is closed with 1011 because of a quota', closeFrames.quota, { code: 'rate_limited' }],
  ])('ends the call with the matching error if the connection %s', async (_, end, expected) => {
    fixture.server.live.queueReplies({ frames: unfinishedFrames, end });
    const { text, error } = await readStream(fixture.driver().generateStream(createRequest()));
    expect(text).toBe('Hello');
    expect(error).toMatchObject(expected);
    if (error instanceof StreamInterrupted) expect(error.partialText).toBe('Hello');
    // Parts of two attempts are never joined, so no other session is opened.
    expect(fixture.server.live.sessions).toHaveLength(1);
  });

  test.each([
    ['not JSON', 'not json', 'not json'],
    ['half of a JSON value', '{"serverContent":', '{"serverContent":'],
    ['not an object', '"hello"', '"hello"'],
  ])('is StreamInterrupted if a frame is %s', async (_, frame, excerpt) => {
    fixture.server.live.queueReplies({ frames: [...unfinishedFrames, frame, ...spokenReply([' you']).frames] });
    const { text, error } = await readStream(fixture.driver().generateStream(createRequest()));
    expect(text).toBe('Hello');
    expect(error).toMatchObject({ code: 'stream_interrupted', partialText: 'Hello' });
    expect(error?.message).toBe(`the stream was interrupted: malformed frame: ${excerpt}`);
  });

  test('is the error that a frame contains', async () => {
    fixture.server.live.queueReplies({ frames: [...unfinishedFrames, errorBody(400, 'Bad.')] });
    expect((await readStream(fixture.driver().generateStream(createRequest()))).error).toMatchObject({
      code: 'invalid_request',
    });
  });

  test('is StreamInterrupted if the service interrupts its reply', async () => {
    fixture.server.live.queueReplies({
      frames: [...unfinishedFrames, serverContent({ interrupted: true }), serverContent({ turnComplete: true })],
    });
    const { error } = await readStream(fixture.driver().generateStream(createRequest()));
    expect(error).toMatchObject({ code: 'stream_interrupted', isTransient: true, partialText: 'Hello' });
  });

  test('is StreamInterrupted if the connection is lost between the whole reply and the end of the turn', async () => {
    fixture.server.live.queueReplies({
      frames: [...unfinishedFrames, serverContent({ generationComplete: true })],
      end: 'destroy',
    });
    expect(await getError(fixture.driver().generate(createRequest()))).toMatchObject({
      code: 'stream_interrupted',
      partialText: 'Hello',
    });
  });
});

test('serves the next turn after a failed one', async () => {
  const driver = fixture.driver();
  fixture.server.live.queueReplies({ frames: unfinishedFrames, end: 'destroy' });
  await getError(driver.generate(createRequest()));
  expect((await driver.generate(createRequest())).text).toBe('Reply 1 of gemini-3.8-live to "Say hello."');
});

test('reports a daily quota if the close reason names one', async () => {
  const message = 'Quota exceeded: GenerateRequestsPerDayPerProjectPerModel';
  fixture.server.live.queueReplies({ frames: [], end: { code: 1011, reason: message } });
  const error = await getError(fixture.driver().generate(createRequest()));
  expect(error).toBeInstanceOf(QuotaExceeded);
  expect(error).toMatchObject({ code: 'quota_exhausted', isTransient: false, violations: [] });
  expect(error.retryAt?.getTime()).toBeGreaterThan(Date.now());
});

test.each([
  [closeFrames.credits, 'quota_exhausted', 'https://ai.studio/projects'],
  [{ code: 1008, reason: 'Your project has exceeded its monthly spending cap.' }, 'quota_exhausted', 'ai.studio/spend'],
  [{ code: 1011, reason: 'You exceeded your spend-based rate limit.' }, 'rate_limited', '10 minutes'],
])(
  'reports a close reason about credits or spending as an error of all models of the project: %j',
  async (close, code, hint) => {
    fixture.server.live.queueReplies({ frames: [], end: close });
    const error = await getError(fixture.driver().generate(createRequest()));
    expect(error).toMatchObject({ code, isTransient: code === 'rate_limited', isProjectWide: true });
    expect(error.hint).toContain(hint);
  },
);

test('names known Live models for an unknown model', async () => {
  const error = await getError(fixture.driver().generate(createRequest('Hi', { model: 'gemini-3.9-live' })));
  expect(error.code).toBe('model_not_found');
  expect(error.message).toMatch(/^Live model gemini-3\.9-live not found \(1008, "models\/gemini-3\.9-live is/);
  expect(error.hint).toContain('gemini-3.8-live');
});

test('redacts the key in everything that the service echoes', async () => {
  const echo = { code: 1011, reason: `oops ${apiKey} ${encodeURIComponent(apiKey)}` };
  // Three calls fail in their sessions, and the fourth one fails when it connects.
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
  ['stop sequences', { parameters: { stop: ['x'] } }, 'the Live API has no stop sequences'],
  ['a thinking level', { parameters: { thinking: 'low' as const } }, 'its amount of thinking is fixed'],
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
    'the Live API takes only text, pictures and sound, and no YouTube videos or uploaded files',
  ] as const,
])('rejects %s before it opens a connection', async (_, change, unsupportedReason) => {
  const error = await getError(fixture.driver().generate(createRequest('Hi', change as object)));
  expect(error).toMatchObject({ code: 'invalid_request' });
  expect(error.message).toBe(`gemini-3.8-live can't take this request: ${unsupportedReason}`);
  expect(fixture.server.live.sessions).toHaveLength(0);
});

test.each(['', 'key with spaces', 'auth_tokens/x'])('rejects the key %j before it opens a connection', async (key) => {
  const error = await getError(fixture.driver({ apiKey: key }).generate(createRequest()));
  expect(error.code).toBe(key === '' ? 'missing_api_key' : 'auth');
  expect(fixture.server.live.sessions).toHaveLength(0);
});

test('rejects a turn whose messages together have more than 64 MB', async () => {
  const frame = serverContent({ outputTranscription: { text: 'x'.repeat(1_000_000) } });
  const audio = { inlineData: { mimeType: 'audio/pcm;rate=24000', data: 'A'.repeat(1_000_000) } };
  const speech = serverContent({ modelTurn: { parts: [audio] } });
  fixture.server.live.queueReplies({ frames: [frame, ...Array(64).fill(speech)] });
  const error = await getError(fixture.driver().generate(createRequest()));
  expect([error.code, error.isTransient]).toEqual(['unavailable', false]);
  expect(error.message).toMatch(/is larger than 64 MB, so the rest was not read$/);
});

test('ends the call with StreamInterrupted after a message that is nested too deeply', async () => {
  // The SDK throws for a message with a field `text`, so `removeGetterFields` in socket.ts removes the field and
  // serializes the message. Serializing a message as deep as this one would overflow the stack. So the driver must
  // reject the message first.
  const deep = `{"text": 1, "toolCall": ${'['.repeat(20_000)}${']'.repeat(20_000)}}`;
  fixture.server.live.queueReplies({ frames: [deep] });
  expect((await getError(fixture.driver().generate(createRequest()))).code).toBe('stream_interrupted');
});
