import { afterEach, expect, test } from 'vitest';
import type { GenerateRequest } from '../../src/driver/request.js';
import { BoticelliError, StreamingNotSupported } from '../../src/errors.js';
import { getUnsupportedReason } from '../../src/gemini/models/unsupported-reason.js';
import { createRoutingDriver } from '../../src/gemini/rest-or-live.js';
import { createScriptedDriver, type ScriptedCall } from '../helpers/scripted-driver.js';
import { createGeminiFixture, createRequest, getError, readStream } from './gemini-fixture.js';

const fixture = createGeminiFixture();
const drivers: { close?(): Promise<void> }[] = [];
afterEach(() => Promise.all(drivers.splice(0).map((driver) => driver.close?.())));

/** A routing driver over two scripted drivers, REST and Live. `closed` lists which Live sessions it has closed. */
function createRouting(usesLiveApi: (model: string) => Promise<boolean> | boolean, scripts: ScriptedCall[] = []) {
  const rest = createScriptedDriver(scripts);
  const closed: string[] = [];
  const live = {
    ...createScriptedDriver(),
    acquiresOwnSlots: () => true,
    closeIdleSessions: async () => void closed.push('idle'),
    close: async () => void closed.push('all'),
  };
  return { driver: createRoutingDriver({ rest, live, usesLiveApi }), rest, live, closed };
}

test('sends each request to the API of its model', async () => {
  const { driver, rest, live } = createRouting(async (model) => model === 'talker');
  await driver.generate(createRequest('One', { model: 'models/talker' }));
  await driver.generate(createRequest('Two', { model: 'writer' }));
  await readStream(driver.generateStream(createRequest('Three', { model: 'talker' })));
  await readStream(driver.generateStream(createRequest('Four', { model: 'writer' })));
  expect(live.methods).toEqual(['generate', 'generateStream']);
  expect(rest.methods).toEqual(['generate', 'generateStream']);
});

test('chooses the API of a model once', async () => {
  const models: string[] = [];
  const { driver } = createRouting(async (model) => {
    models.push(model);
    return true;
  });
  expect(await driver.acquiresOwnSlots?.('talker')).toBe(true);
  await Promise.all([
    driver.generate(createRequest('', { model: 'talker' })),
    driver.generate(createRequest('', { model: 'talker' })),
  ]);
  expect(models).toEqual(['talker']);
});

test('fails the call if the choice fails, and chooses again at the next call', async () => {
  let choiceCount = 0;
  const { driver } = createRouting(async () => {
    choiceCount += 1;
    if (choiceCount === 1) throw new Error('no list');
    return true;
  });
  await expect(driver.acquiresOwnSlots?.('talker')).rejects.toThrow('no list');
  // Makes the next choice fail too.
  choiceCount = 0;
  await expect(driver.generate(createRequest('', { model: 'talker' }))).rejects.toThrow('no list');
  expect((await driver.generate(createRequest('', { model: 'talker' }))).text).toBe('Reply 1');
});

test('closes idle sessions before a REST request, and all sessions on close', async () => {
  const { driver, closed } = createRouting((model) => model === 'talker');
  await driver.generate(createRequest('', { model: 'talker' }));
  expect(closed).toEqual([]);
  await driver.generate(createRequest('', { model: 'writer' }));
  expect(closed).toEqual(['idle']);
  await driver.close?.();
  expect(closed).toEqual(['idle', 'all']);
});

test.each([
  ['synchronously', (model: string) => model === 'talker'],
  ['asynchronously', async (model: string) => model === 'talker'],
])(
  'says that it acquires its own concurrency slots only for Live models (the API is chosen %s)',
  async (_, usesLiveApi) => {
    const { driver } = createRouting(usesLiveApi);
    expect([await driver.acquiresOwnSlots?.('talker'), await driver.acquiresOwnSlots?.('writer')]).toEqual([
      true,
      false,
    ]);
  },
);

test('uses the Live API for the next attempt if a model turns out to support only that API', async () => {
  let isKnownAsLive = false;
  const error = new BoticelliError('model_not_found', 'model murmur not found (404 NOT_FOUND)');
  const onCall = () => {
    isKnownAsLive = true;
  };
  const { driver, rest, live } = createRouting(() => isKnownAsLive, [{ error, onCall }]);
  await expect(driver.generate(createRequest('', { model: 'murmur' }))).rejects.toMatchObject({
    ...{ code: 'model_not_found', message: 'murmur supports only the Live API', isTransient: true, retryAfterMs: 0 },
  });
  expect((await driver.generate(createRequest('', { model: 'murmur' }))).text).toBe('Reply 1');
  expect([rest.requests.length, live.requests.length]).toEqual([1, 1]);
});

test('makes the error of each parallel call transient if the call used the wrong API', async () => {
  let isKnownAsLive = false;
  const error = new BoticelliError('model_not_found', 'model murmur not found (404 NOT_FOUND)');
  const onCall = () => {
    isKnownAsLive = true;
  };
  const { driver, live } = createRouting(() => isKnownAsLive, [{ error, onCall }, { error }]);
  const request = createRequest('', { model: 'murmur' });
  const errors = await Promise.all([getError(driver.generate(request)), getError(driver.generate(request))]);
  expect(errors.map(({ isTransient }) => isTransient)).toEqual([true, true]);
  await driver.generate(request);
  expect(live.requests).toHaveLength(1);
});

test.each(['gemini-embedding-001', 'imagen-4.0-generate-001', 'models/veo-3.1-generate-001'])(
  'rejects a stream of %s without a request',
  async (model) => {
    const driver = fixture.driver();
    expect(driver.supportsStreaming(model)).toBe(false);
    expect((await readStream(driver.generateStream(createRequest('Hi', { model })))).error).toBeInstanceOf(
      StreamingNotSupported,
    );
    expect(fixture.server.requests).toHaveLength(0);
  },
);

test.each([false, true])('uses the Live API for a Live model by default (streamed: %j)', async (streamed) => {
  const driver = fixture.driver();
  drivers.push(driver);
  const request = createRequest('Hi', { model: 'gemini-3.8-live' });
  const response = streamed
    ? (await readStream(driver.generateStream(request))).response
    : await driver.generate(request);
  expect(response?.text).toBe('Reply 1 of gemini-3.8-live to "Hi"');
  expect(response?.audio).toBeDefined();
  expect(fixture.server.requests).toHaveLength(0);
  expect(driver.acquiresOwnSlots?.('gemini-3.8-live')).toBe(true);
});

test('says why a model does not support a request', () => {
  const reasonFor = (change: Partial<GenerateRequest>) =>
    getUnsupportedReason('models/gemini-3.8-live', createRequest('Hi', change));
  expect(reasonFor({})).toBeUndefined();
  expect(reasonFor({ parameters: { format: 'json', schema: {} } })).toBeUndefined();
  expect(reasonFor({ parameters: { stop: ['x'] } })).toBe('the Live API has no stop sequences');
  expect(reasonFor({ parameters: { thinking: 3 } })).toBe('its amount of thinking is fixed');
  expect(
    getUnsupportedReason('gemini-3.1-flash-live-preview', createRequest('Hi', { parameters: { thinking: 3 } })),
  ).toBeUndefined();
  expect(getUnsupportedReason('gemini-embedding-001', createRequest())).toBe('it does not generate text');
  expect(getUnsupportedReason('gemini-3.8-flash', createRequest())).toBeUndefined();
});
