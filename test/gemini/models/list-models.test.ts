import { expect, test } from 'vitest';
import { listModels } from '../../../src/gemini/models/list-models.js';
import { errorReply } from '../../helpers/gemini/errors.js';
import { createGeminiFixture, getError } from '../gemini-fixture.js';

const fixture = createGeminiFixture();

test('lists all pages, including the Live models', async () => {
  const models = await listModels({ apiKey: 'test-key', baseUrl: fixture.server.url });
  expect(models.length).toBeGreaterThan(50);
  expect(models[0]).toEqual({
    ...{ name: 'gemini-flash-lite-latest', displayName: 'gemini-flash-lite-latest' },
    ...{ methods: ['generateContent', 'countTokens'], inputTokens: 1_048_576, outputTokens: 65_536 },
  });
  expect(models.find(({ name }) => name === 'gemini-3.8-live')?.methods).toContain('bidiGenerateContent');
  expect(fixture.server.requests).toHaveLength(2);
});

test('redacts the key in a list and drops invalid fields', async () => {
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

test('reports a 404 as a missing model list only if the 404 comes from Gemini', async () => {
  fixture.server.queueListReplies({ status: 404, body: '' }, errorReply(404, 'Method not found.'));
  const options = { apiKey: 'test-key', baseUrl: fixture.server.url };
  const foreign = await getError(listModels(options));
  expect(foreign).toMatchObject({ code: 'unavailable', isTransient: false });
  expect(foreign.message).toMatch(/^127\.0\.0\.1:\d+ answered 404 with an empty body$/);
  expect((await getError(listModels(options))).message).toMatch(/^127\.0\.0\.1:\d+ has no model list \(404\)$/);
});

test('ends a list whose page token repeats, and lists each model once', async () => {
  const page = { models: [{ name: 'models/a', supportedGenerationMethods: [] }], nextPageToken: 'again' };
  fixture.server.queueListReplies(...Array.from({ length: 5 }, () => ({ body: page })));
  const models = await listModels({ apiKey: 'test-key', baseUrl: fixture.server.url });
  expect(models.map(({ name }) => name)).toEqual(['a']);
  expect(fixture.server.requests).toHaveLength(2);
});

test('gives up after 100 pages', async () => {
  fixture.server.queueListReplies(
    ...Array.from({ length: 101 }, (_, page) => ({ body: { nextPageToken: `${page}` } })),
  );
  const error = await getError(listModels({ apiKey: 'test-key', baseUrl: fixture.server.url }));
  expect(error).toMatchObject({ code: 'unavailable', isTransient: false });
  expect(error.message).toMatch(/^the model list of 127\.0\.0\.1:\d+ has more than 100 pages$/);
  expect(fixture.server.requests).toHaveLength(100);
});

test.each([
  [{}],
  [{ models: null }],
  [{ models: {} }],
  [{ models: 'none' }],
  [{ models: [null, 1, 'x', [], { name: null, supportedGenerationMethods: null }], nextPageToken: null }],
  [{ models: [{ name: 'models/a', supportedGenerationMethods: 'all' }] }],
])('lists nothing if the service answers with %j', async (body) => {
  fixture.server.queueListReplies({ body });
  expect(await listModels({ apiKey: 'test-key', baseUrl: fixture.server.url })).toEqual([]);
});

test('reports a list of another API', async () => {
  fixture.server.queueListReplies({ body: { object: 'list', data: [{ id: 'gpt-9', object: 'model' }] } });
  const error = await getError(listModels({ apiKey: 'test-key', baseUrl: fixture.server.url }));
  expect(error).toMatchObject({ code: 'unavailable', isTransient: false });
  expect(error.message).toMatch(/answered with JSON in OpenAI's format instead of a model list$/);
});

test('times out a stalled list', async () => {
  fixture.server.queueListReplies({ end: 'stall-before-headers' });
  const error = await getError(listModels({ apiKey: 'test-key', baseUrl: fixture.server.url, timeoutMs: 50 }));
  expect(error).toMatchObject({ code: 'timeout', isTransient: false });
});
