import { afterEach, expect, test } from 'vitest';
import type { GenerateRequest } from '../../src/driver/request.js';
import { BoticelliError, StreamingNotSupported } from '../../src/errors.js';
import { getUnsupportedReason } from '../../src/gemini/models/unsupported-reason.js';
import { createRoutingDriver } from '../../src/gemini/rest-or-live.js';
import { createScriptedDriver, type ScriptedCall } from '../helpers/scripted-driver.js';
import { createGeminiFixture, createRequest, readStream } from './gemini-fixture.js';

const fixture = createGeminiFixture();
const drivers: { close?(): Promise<void> }[] = [];
afterEach(() => Promise.all(drivers.splice(0).map((driver) => driver.close?.())));

function route(usesLiveApi: (model: string) => Promise<boolean> | boolean, scripts: ScriptedCall[] = []) {
  const rest = createScriptedDriver(scripts);
  const scripted = createScriptedDriver();
  const ended: string[] = [];
  const live = {
    ...scripted,
    managesConcurrency: () => true,
    closeIdleSessions: async () => void ended.push('idle'),
    close: async () => void ended.push('all'),
  };
  return { driver: createRoutingDriver({ rest, live, usesLiveApi }), rest, live, ended };
}

test('each model is asked in the way that it speaks', async () => {
  const { driver, rest, live } = route(async (model) => model === 'talker');
  await driver.generate(createRequest('One', { model: 'models/talker' }));
  await driver.generate(createRequest('Two', { model: 'writer' }));
  await readStream(driver.generateStream(createRequest('Three', { model: 'talker' })));
  await readStream(driver.generateStream(createRequest('Four', { model: 'writer' })));
  expect(live.methods).toEqual(['generate', 'generateStream']);
  expect(rest.methods).toEqual(['generate', 'generateStream']);
});

test('what a model speaks is asked for once', async () => {
  const models: string[] = [];
  const { driver } = route(async (model) => {
    models.push(model);
    return true;
  });
  expect(await driver.managesConcurrency?.('talker')).toBe(true);
  await Promise.all([
    driver.generate(createRequest('', { model: 'talker' })),
    driver.generate(createRequest('', { model: 'talker' })),
  ]);
  expect(models).toEqual(['talker']);
});

test('where it cannot be found out the call fails, and the next one asks again', async () => {
  let tries = 0;
  const { driver } = route(async () => {
    tries += 1;
    if (tries === 1) throw new Error('no list');
    return true;
  });
  await expect(driver.managesConcurrency?.('talker')).rejects.toThrow('no list');
  tries = 0;
  await expect(driver.generate(createRequest('', { model: 'talker' }))).rejects.toThrow('no list');
  expect((await driver.generate(createRequest('', { model: 'talker' }))).text).toBe('Reply 1');
});

test('a request over REST ends idle sessions first, and close ends all', async () => {
  const { driver, ended } = route((model) => model === 'talker');
  await driver.generate(createRequest('', { model: 'talker' }));
  expect(ended).toEqual([]);
  await driver.generate(createRequest('', { model: 'writer' }));
  expect(ended).toEqual(['idle']);
  await driver.close?.();
  expect(ended).toEqual(['idle', 'all']);
});

test.each([
  ['at once', (model: string) => model === 'talker'],
  ['later', async (model: string) => model === 'talker'],
])('a place is held by the driver for Live models alone, where that is known %s', async (_, usesLiveApi) => {
  const { driver } = route(usesLiveApi);
  expect([await driver.managesConcurrency?.('talker'), await driver.managesConcurrency?.('writer')]).toEqual([
    true,
    false,
  ]);
});

test('a model that turns out to speak Live alone is asked there the next time, which is at once', async () => {
  let knows = false;
  const error = new BoticelliError('model_not_found', 'the service has no model murmur (404 NOT_FOUND)');
  const learn = () => {
    knows = true;
  };
  const { driver, rest, live } = route(() => knows, [{ error, onCall: learn }]);
  await expect(driver.generate(createRequest('', { model: 'murmur' }))).rejects.toMatchObject({
    ...{ code: 'model_not_found', message: 'murmur speaks the Live API alone', isTransient: true, retryAfterMs: 0 },
  });
  expect((await driver.generate(createRequest('', { model: 'murmur' }))).text).toBe('Reply 1');
  expect([rest.requests.length, live.requests.length]).toEqual([1, 1]);
});

test.each(['gemini-embedding-001', 'imagen-4.0-generate-001', 'models/veo-3.1-generate-001'])(
  '%s can do neither, which a stream says at once',
  async (model) => {
    const driver = fixture.driver();
    expect(driver.supportsStreaming(model)).toBe(false);
    expect((await readStream(driver.generateStream(createRequest('Hi', { model })))).error).toBeInstanceOf(
      StreamingNotSupported,
    );
    expect(fixture.server.requests).toHaveLength(0);
  },
);

test.each([false, true])('a Live model is asked over the Live API, by its name (streamed: %j)', async (streamed) => {
  const driver = fixture.driver();
  drivers.push(driver);
  const request = createRequest('Hi', { model: 'gemini-3.8-live' });
  const response = streamed
    ? (await readStream(driver.generateStream(request))).response
    : await driver.generate(request);
  expect(response?.text).toBe('Reply 1 of gemini-3.8-live to "Hi"');
  expect(response?.audio).toBeDefined();
  expect(fixture.server.requests).toHaveLength(0);
  expect(driver.managesConcurrency?.('gemini-3.8-live')).toBe(false);
});

test('a Live-only model is no obstacle for a fallback, but what it cannot take is', () => {
  const of = (change: Partial<GenerateRequest>) =>
    getUnsupportedReason('models/gemini-3.8-live', createRequest('Hi', change));
  expect(of({})).toBeUndefined();
  expect(of({ parameters: { format: 'json', schema: {} } })).toBeUndefined();
  expect(of({ parameters: { stop: ['x'] } })).toBe('for the Live API has no stop sequences');
  expect(of({ parameters: { thinking: 3 } })).toBe("for it can't be told how long to think");
  expect(
    getUnsupportedReason('gemini-3.1-flash-live-preview', createRequest('Hi', { parameters: { thinking: 3 } })),
  ).toBeUndefined();
  expect(getUnsupportedReason('gemini-embedding-001', createRequest())).toBe('for it does not answer in text');
  expect(getUnsupportedReason('gemini-3.8-flash', createRequest())).toBeUndefined();
});
