import { describe, expect, test } from 'vitest';
import { listModels } from '../../../src/gemini/models/list-models.js';
import type { CatalogueEntry } from '../../../src/gemini/models/model-info.js';
import { overloaded } from '../../helpers/gemini-errors.js';
import { abortable, ask, failureOf, play, setStage } from '../gemini-stage.js';

const stage = setStage();

test('an unknown model is model_not_found with the nearest names of all pages', async () => {
  const error = await failureOf(stage.driver().generate(ask('Hi', { model: 'gemini-2.1-flash-lite' })));
  expect(error).toMatchObject({ code: 'model_not_found', passing: false });
  expect(error.message).toBe('the service has no model gemini-2.1-flash-lite (404 NOT_FOUND)');
  expect(error.hint).toMatch(/^The nearest that the service lists: gemini-\S+-flash-lite, /);
  expect(stage.server.requests.map(({ action }) => action)).toEqual(['generateContent', 'list', 'list']);
});

test('a stream of an unknown model fails the same way', async () => {
  const { error } = await play(stage.driver().generateStream(ask('Hi', { model: 'gemini-3.8-flush' })));
  expect(error).toMatchObject({ code: 'model_not_found' });
  expect(error?.hint).toContain('gemini-3.8-flash');
});

test('names of the same family come first', async () => {
  const error = await failureOf(stage.driver().generate(ask('Hi', { model: 'gemini-3.5-flash-lite-preview-09-2026' })));
  expect(error.hint).toMatch(/lists: gemini-3\.5-flash-lite, gemini-3\.5-flash\b/);
});

test('a name like no other gets an example', async () => {
  const error = await failureOf(stage.driver().generate(ask('Hi', { model: 'mistral-large-instruct-2411' })));
  expect(error.hint).toMatch(/lists \d+ others, such as gemini-flash-lite-latest\./);
});

test('a model that exists but speaks another API is told as such', async () => {
  const error = await failureOf(stage.driver().generate(ask('Hi', { model: 'gemini-embedding-001' })));
  expect(error).toMatchObject({ code: 'model_not_found' });
  expect(error.message).toContain(
    "gemini-embedding-001 can't be asked for a reply this way: it is there for embedContent",
  );
});

test('a model that was shut down is told as such, with its day', async () => {
  const error = await failureOf(stage.driver().generate(ask('Hi', { model: 'gemini-2.0-flash' })));
  expect(error.hint).toMatch(/^It was shut down on 2026-06-01\. The nearest that the service lists: gemini-/);
});

test('models that speak Live are among the nearest, those that give no text are not', async () => {
  const live = await failureOf(stage.driver().generate(ask('Hi', { model: 'gemini-3.9-live' })));
  expect(live.hint).toContain('gemini-3.8-live');
  const silent = await failureOf(stage.driver().generate(ask('Hi', { model: 'imagen-4.0-generate' })));
  expect(silent.hint).not.toContain('imagen');
});

describe('what is known of the list', () => {
  const known = (...names: string[]) => names.map((name) => ({ name, methods: ['generateContent'] }));
  const memoryOf = (entries?: CatalogueEntry[]) => {
    const memory = { entries, recall: async () => memory.entries && { entries: memory.entries, listedAt: 0 } };
    return Object.assign(memory, {
      async remember(asked: readonly CatalogueEntry[]) {
        memory.entries = [...asked];
      },
    });
  };
  const lists = () => stage.server.requests.filter(({ action }) => action === 'list');

  test('names the nearest, and the service is not asked for it', async () => {
    const driver = stage.driver({ catalogue: memoryOf(known('gemini-8-flash', 'gemini-9-flash')) });
    const error = await failureOf(driver.generate(ask('Hi', { model: 'gemini-9-flush' })));
    expect(error.hint).toBe('The nearest that the service lists: gemini-9-flash, gemini-8-flash.');
    expect(lists()).toEqual([]);
  });

  test('is asked for once where nothing is known, and then known', async () => {
    const driver = stage.driver({ catalogue: memoryOf() });
    const request = ask('Hi', { model: 'gemini-3.8-flush' });
    const first = await failureOf(driver.generate(request));
    const pages = lists().length;
    const second = await failureOf(driver.generate(request));
    const pagesInAll = lists().length;
    expect(first.hint).toContain('gemini-3.8-flash');
    expect(second.hint).toBe(first.hint);
    expect({ pages, pagesInAll }).toEqual({ pages: 2, pagesInAll: 2 });
  });

  test('is asked for anew where it says that the model is there', async () => {
    const memory = memoryOf(known('gemini-gone'));
    const error = await failureOf(stage.driver({ catalogue: memory }).generate(ask('Hi', { model: 'gemini-gone' })));
    expect(error.message).toBe('the service has no model gemini-gone (404 NOT_FOUND)');
    expect(lists()).toHaveLength(2);
    expect(memory.entries?.map(({ name }) => name)).toContain('gemini-3.8-live');
  });

  test('is not touched by any other call', async () => {
    const memory = memoryOf();
    const untouched = { ...memory, recall: () => Promise.reject(new Error('looked up')) };
    await stage.driver({ catalogue: untouched }).generate(ask());
    expect(stage.server.requests).toHaveLength(1);
  });
});

test('where the list cannot be had the hint says how to find out', async () => {
  stage.server.replyToList(overloaded());
  const error = await failureOf(stage.driver().generate(ask('Hi', { model: 'gemini-9' })));
  expect(error).toMatchObject({ code: 'model_not_found' });
  expect(error.hint).toContain('https://ai.google.dev/gemini-api/docs/models');
});

test('an abort while the list is asked for ends the call with its reason', async () => {
  stage.server.replyToList({ end: 'stall-before-headers' });
  const { controller, context } = abortable();
  const call = stage.driver().generate(ask('Hi', { model: 'gemini-9' }), context);
  await stage.server.received(2);
  controller.abort('enough');
  await expect(call).rejects.toBe('enough');
});

test.each(['', '../../files', 'a?key=b', 'a&b', 'a#b', 'two words', 'ünbekannt'])(
  'the name %j is refused before any request for a reply',
  async (name) => {
    const error = await failureOf(stage.driver().generate(ask('Hi', { model: name })));
    expect(error).toMatchObject({ code: 'model_not_found' });
    expect(stage.server.calls).toHaveLength(0);
  },
);

test('the list has all pages, Live models on the last', async () => {
  const models = await listModels({ apiKey: 'test-key', baseUrl: stage.server.url });
  expect(models.length).toBeGreaterThan(50);
  expect(models[0]).toEqual({
    ...{ name: 'gemini-flash-lite-latest', displayName: 'gemini-flash-lite-latest' },
    ...{ methods: ['generateContent', 'countTokens'], inputTokens: 1_048_576, outputTokens: 65_536 },
  });
  expect(models.find(({ name }) => name === 'gemini-3.8-live')?.methods).toContain('bidiGenerateContent');
  expect(stage.server.requests).toHaveLength(2);
});

test('a list with the key in it loses the key, and what is no text or number is left out', async () => {
  const key = 'AIza-a-key-that-a-gateway-echoes';
  stage.server.replyToList({
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
  const models = await listModels({ apiKey: key, baseUrl: stage.server.url });
  expect(models).toEqual([{ name: 'a', displayName: 'for [key]', methods: ['[key]'] }]);
});

test('a service without a list is told as such', async () => {
  stage.server.replyToList({ status: 404, body: '' });
  const error = await failureOf(listModels({ apiKey: 'test-key', baseUrl: stage.server.url }));
  expect(error.message).toMatch(/^127\.0\.0\.1:\d+ has no list of models \(404\)$/);
});

test('a list that stalls is a timeout', async () => {
  stage.server.replyToList({ end: 'stall-before-headers' });
  const error = await failureOf(listModels({ apiKey: 'test-key', baseUrl: stage.server.url, timeoutMs: 50 }));
  expect(error).toMatchObject({ code: 'timeout', passing: false });
});
