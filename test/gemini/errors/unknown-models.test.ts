import { describe, expect, test } from 'vitest';
import { listModels } from '../../../src/gemini/models/list-models.js';
import type { ModelInfo } from '../../../src/gemini/models/model-info.js';
import { overloadedError } from '../../helpers/gemini-errors.js';
import { createAbortableContext, createGeminiFixture, createRequest, getError, readStream } from '../gemini-fixture.js';

const fixture = createGeminiFixture();

test('an unknown model is model_not_found with the nearest names of all pages', async () => {
  const error = await getError(fixture.driver().generate(createRequest('Hi', { model: 'gemini-2.1-flash-lite' })));
  expect(error).toMatchObject({ code: 'model_not_found', isTransient: false });
  expect(error.message).toBe('the service has no model gemini-2.1-flash-lite (404 NOT_FOUND)');
  expect(error.hint).toMatch(/^The nearest that the service lists: gemini-\S+-flash-lite, /);
  expect(fixture.server.requests.map(({ action }) => action)).toEqual(['generateContent', 'list', 'list']);
});

test('a stream of an unknown model fails the same way', async () => {
  const { error } = await readStream(
    fixture.driver().generateStream(createRequest('Hi', { model: 'gemini-3.8-flush' })),
  );
  expect(error).toMatchObject({ code: 'model_not_found' });
  expect(error?.hint).toContain('gemini-3.8-flash');
});

test('names of the same family come first', async () => {
  const error = await getError(
    fixture.driver().generate(createRequest('Hi', { model: 'gemini-3.5-flash-lite-preview-09-2026' })),
  );
  expect(error.hint).toMatch(/lists: gemini-3\.5-flash-lite, gemini-3\.5-flash\b/);
});

test('a name like no other gets an example', async () => {
  const error = await getError(
    fixture.driver().generate(createRequest('Hi', { model: 'mistral-large-instruct-2411' })),
  );
  expect(error.hint).toMatch(/lists \d+ others, such as gemini-flash-lite-latest\./);
});

test('a model that exists but speaks another API is told as such', async () => {
  const error = await getError(fixture.driver().generate(createRequest('Hi', { model: 'gemini-embedding-001' })));
  expect(error).toMatchObject({ code: 'model_not_found' });
  expect(error.message).toContain(
    "gemini-embedding-001 can't be asked for a reply this way: it is there for embedContent",
  );
});

test('a model that was shut down is told as such, with its day', async () => {
  const error = await getError(fixture.driver().generate(createRequest('Hi', { model: 'gemini-2.0-flash' })));
  expect(error.hint).toMatch(/^It was shut down on 2026-06-01\. The nearest that the service lists: gemini-/);
});

test('models that speak Live are among the nearest, those that give no text are not', async () => {
  const live = await getError(fixture.driver().generate(createRequest('Hi', { model: 'gemini-3.9-live' })));
  expect(live.hint).toContain('gemini-3.8-live');
  const silent = await getError(fixture.driver().generate(createRequest('Hi', { model: 'imagen-4.0-generate' })));
  expect(silent.hint).not.toContain('imagen');
});

describe('what is known of the list', () => {
  const known = (...names: string[]) => names.map((name) => ({ name, methods: ['generateContent'] }));
  const memoryOf = (entries?: ModelInfo[]) => {
    const memory = { entries, read: async () => memory.entries && { entries: memory.entries, listedAt: 0 } };
    return Object.assign(memory, {
      async write(asked: readonly ModelInfo[]) {
        memory.entries = [...asked];
      },
    });
  };
  const lists = () => fixture.server.requests.filter(({ action }) => action === 'list');

  test('names the nearest, and the service is not asked for it', async () => {
    const driver = fixture.driver({ modelListCache: memoryOf(known('gemini-8-flash', 'gemini-9-flash')) });
    const error = await getError(driver.generate(createRequest('Hi', { model: 'gemini-9-flush' })));
    expect(error.hint).toBe('The nearest that the service lists: gemini-9-flash, gemini-8-flash.');
    expect(lists()).toEqual([]);
  });

  test('is asked for once where nothing is known, and then known', async () => {
    const driver = fixture.driver({ modelListCache: memoryOf() });
    const request = createRequest('Hi', { model: 'gemini-3.8-flush' });
    const first = await getError(driver.generate(request));
    const pages = lists().length;
    const second = await getError(driver.generate(request));
    const pagesInAll = lists().length;
    expect(first.hint).toContain('gemini-3.8-flash');
    expect(second.hint).toBe(first.hint);
    expect({ pages, pagesInAll }).toEqual({ pages: 2, pagesInAll: 2 });
  });

  test('is asked for anew where it says that the model is there', async () => {
    const memory = memoryOf(known('gemini-gone'));
    const error = await getError(
      fixture.driver({ modelListCache: memory }).generate(createRequest('Hi', { model: 'gemini-gone' })),
    );
    expect(error.message).toBe('the service has no model gemini-gone (404 NOT_FOUND)');
    expect(lists()).toHaveLength(2);
    expect(memory.entries?.map(({ name }) => name)).toContain('gemini-3.8-live');
  });

  test('is not touched by any other call', async () => {
    const memory = memoryOf();
    const untouched = { ...memory, read: () => Promise.reject(new Error('looked up')) };
    await fixture.driver({ modelListCache: untouched }).generate(createRequest());
    expect(fixture.server.requests).toHaveLength(1);
  });
});

test('where the list cannot be had the hint says how to find out', async () => {
  fixture.server.queueListReplies(overloadedError());
  const error = await getError(fixture.driver().generate(createRequest('Hi', { model: 'gemini-9' })));
  expect(error).toMatchObject({ code: 'model_not_found' });
  expect(error.hint).toContain('https://ai.google.dev/gemini-api/docs/models');
});

test('an abort while the list is asked for ends the call with its reason', async () => {
  fixture.server.queueListReplies({ end: 'stall-before-headers' });
  const { controller, context } = createAbortableContext();
  const call = fixture.driver().generate(createRequest('Hi', { model: 'gemini-9' }), context);
  await fixture.server.waitForRequests(2);
  controller.abort('enough');
  await expect(call).rejects.toBe('enough');
});

test.each(['', '../../files', 'a?key=b', 'a&b', 'a#b', 'two words', 'ünbekannt'])(
  'the name %j is refused before any request for a reply',
  async (name) => {
    const error = await getError(fixture.driver().generate(createRequest('Hi', { model: name })));
    expect(error).toMatchObject({ code: 'model_not_found' });
    expect(fixture.server.generateRequests).toHaveLength(0);
  },
);

test('the list has all pages, Live models on the last', async () => {
  const models = await listModels({ apiKey: 'test-key', baseUrl: fixture.server.url });
  expect(models.length).toBeGreaterThan(50);
  expect(models[0]).toEqual({
    ...{ name: 'gemini-flash-lite-latest', displayName: 'gemini-flash-lite-latest' },
    ...{ methods: ['generateContent', 'countTokens'], inputTokens: 1_048_576, outputTokens: 65_536 },
  });
  expect(models.find(({ name }) => name === 'gemini-3.8-live')?.methods).toContain('bidiGenerateContent');
  expect(fixture.server.requests).toHaveLength(2);
});

test('a list with the key in it loses the key, and what is no text or number is left out', async () => {
  const key = 'AIza-a-key-that-a-gateway-echoes';
  fixture.server.queueListReplies({
    body: {
      models: [
        {
          name: 'models/a',
          displayName: `for ${key}`,
          description: 7,
          supportedGenerationMethods: [key],
          inputTokenLimit: 'x',
        },
        { displayName: 'nameless', supportedGenerationMethods: [] },
      ],
    },
  });
  const models = await listModels({ apiKey: key, baseUrl: fixture.server.url });
  expect(models).toEqual([{ name: 'a', displayName: 'for [key]', methods: ['[key]'] }]);
});

test('a service without a list is told as such', async () => {
  fixture.server.queueListReplies({ status: 404, body: '' });
  const error = await getError(listModels({ apiKey: 'test-key', baseUrl: fixture.server.url }));
  expect(error.message).toMatch(/^127\.0\.0\.1:\d+ has no list of models \(404\)$/);
});

test('a list that stalls is a timeout', async () => {
  fixture.server.queueListReplies({ end: 'stall-before-headers' });
  const error = await getError(listModels({ apiKey: 'test-key', baseUrl: fixture.server.url, timeoutMs: 50 }));
  expect(error).toMatchObject({ code: 'timeout', isTransient: false });
});
