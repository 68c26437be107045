import { describe, expect, test } from 'vitest';
import type { ModelInfo } from '../../../src/gemini/models/model-info.js';
import { overloadedError } from '../../helpers/gemini/errors.js';
import { createAbortableContext, createGeminiFixture, createRequest, getError, readStream } from '../gemini-fixture.js';

const fixture = createGeminiFixture();

test('suggests similar names from all pages of the list', async () => {
  const error = await getError(fixture.driver().generate(createRequest('Hi', { model: 'gemini-2.1-flash-lite' })));
  expect(error).toMatchObject({ code: 'model_not_found', isTransient: false });
  expect(error.message).toBe('model gemini-2.1-flash-lite not found (404 NOT_FOUND)');
  expect(error.hint).toMatch(/^Similar models: gemini-\S+-flash-lite, /);
  expect(fixture.server.requests.map(({ action }) => action)).toEqual(['generateContent', 'list', 'list']);
});

test('suggests similar names for a streamed request too', async () => {
  const { error } = await readStream(
    fixture.driver().generateStream(createRequest('Hi', { model: 'gemini-3.8-flush' })),
  );
  expect(error).toMatchObject({ code: 'model_not_found' });
  expect(error?.hint).toContain('gemini-3.8-flash');
});

test('suggests names of the same family first', async () => {
  const error = await getError(
    fixture.driver().generate(createRequest('Hi', { model: 'gemini-3.5-flash-lite-preview-09-2026' })),
  );
  expect(error.hint).toMatch(/Similar models: gemini-3\.5-flash-lite, gemini-3\.5-flash\b/);
});

test('gives an example if no name is similar', async () => {
  const error = await getError(
    fixture.driver().generate(createRequest('Hi', { model: 'mistral-large-instruct-2411' })),
  );
  expect(error.hint).toMatch(/^\d+ other models are available, for example gemini-flash-lite-latest\.$/);
});

test('names the methods of a model that does not support generateContent', async () => {
  const error = await getError(fixture.driver().generate(createRequest('Hi', { model: 'gemini-embedding-001' })));
  expect(error).toMatchObject({ code: 'model_not_found' });
  expect(error.message).toContain('gemini-embedding-001 does not support generateContent; it supports embedContent');
});

test('names the shutdown date of a retired model', async () => {
  const error = await getError(fixture.driver().generate(createRequest('Hi', { model: 'gemini-2.0-flash' })));
  expect(error.hint).toMatch(/^It was shut down on 2026-06-01\. Similar models: gemini-/);
});

test('suggests only models that a narrative can use: Live models, but not Imagen', async () => {
  const live = await getError(fixture.driver().generate(createRequest('Hi', { model: 'gemini-3.9-live' })));
  expect(live.hint).toContain('gemini-3.8-live');
  const image = await getError(fixture.driver().generate(createRequest('Hi', { model: 'imagen-4.0-generate' })));
  expect(image.hint).not.toContain('imagen');
});

test("ends the request for the model list at the call's time limit, and still reports that the model is unknown", async () => {
  fixture.server.queueListReplies({ end: 'stall-before-headers' });
  const driver = fixture.driver({ timeoutMs: 300 });
  const error = await getError(driver.generate(createRequest('Hi', { model: 'gemini-9-flush' })));
  expect(error).toMatchObject({ code: 'model_not_found' });
  expect(error.hint).toContain('The model list could not be fetched');
});

describe('with a model list cache', () => {
  const createModels = (...names: string[]) => names.map((name) => ({ name, methods: ['generateContent'] }));
  const createCache = (entries?: ModelInfo[]) => {
    const cache = { entries, read: async () => cache.entries && { entries: cache.entries, listedAt: 0 } };
    return Object.assign(cache, {
      async write(listed: readonly ModelInfo[]) {
        cache.entries = [...listed];
      },
    });
  };
  const getListRequests = () => fixture.server.requests.filter(({ action }) => action === 'list');

  test('suggests names of the cached list without requesting the list', async () => {
    const driver = fixture.driver({ modelListCache: createCache(createModels('gemini-8-flash', 'gemini-9-flash')) });
    const error = await getError(driver.generate(createRequest('Hi', { model: 'gemini-9-flush' })));
    expect(error.hint).toBe('Similar models: gemini-9-flash, gemini-8-flash.');
    expect(getListRequests()).toEqual([]);
  });

  test('fetches the list once if the cache is empty, and caches it', async () => {
    const driver = fixture.driver({ modelListCache: createCache() });
    const request = createRequest('Hi', { model: 'gemini-3.8-flush' });
    const first = await getError(driver.generate(request));
    const pages = getListRequests().length;
    const second = await getError(driver.generate(request));
    const totalPages = getListRequests().length;
    expect(first.hint).toContain('gemini-3.8-flash');
    expect(second.hint).toBe(first.hint);
    expect({ pages, totalPages }).toEqual({ pages: 2, totalPages: 2 });
  });

  test('fetches the list again if the cached list contains the rejected model, because that list may be out of date', async () => {
    const cache = createCache(createModels('gemini-gone'));
    const error = await getError(
      fixture.driver({ modelListCache: cache }).generate(createRequest('Hi', { model: 'gemini-gone' })),
    );
    expect(error.message).toBe('model gemini-gone not found (404 NOT_FOUND)');
    expect(getListRequests()).toHaveLength(2);
    expect(cache.entries?.map(({ name }) => name)).toContain('gemini-3.8-live');
  });

  test('does not read the cache in a successful call', async () => {
    const cache = createCache();
    const unreadable = { ...cache, read: () => Promise.reject(new Error('read')) };
    await fixture.driver({ modelListCache: unreadable }).generate(createRequest());
    expect(fixture.server.requests).toHaveLength(1);
  });
});

test('links to the documentation of the models if the request for the model list fails', async () => {
  fixture.server.queueListReplies(overloadedError());
  const error = await getError(fixture.driver().generate(createRequest('Hi', { model: 'gemini-9' })));
  expect(error).toMatchObject({ code: 'model_not_found' });
  expect(error.hint).toContain('https://ai.google.dev/gemini-api/docs/models');
});

test('rejects with the abort reason if aborted during the list request', async () => {
  fixture.server.queueListReplies({ end: 'stall-before-headers' });
  const { controller, context } = createAbortableContext();
  const call = fixture.driver().generate(createRequest('Hi', { model: 'gemini-9' }), context);
  await fixture.server.waitForRequests(2);
  controller.abort('enough');
  await expect(call).rejects.toBe('enough');
});

test.each(['', '../../files', 'a?key=b', 'a&b', 'a#b', 'two words', 'ünbekannt'])(
  'rejects the name %j without a generate request',
  async (name) => {
    const error = await getError(fixture.driver().generate(createRequest('Hi', { model: name })));
    expect(error).toMatchObject({ code: 'model_not_found' });
    expect(fixture.server.generateRequests).toHaveLength(0);
  },
);
