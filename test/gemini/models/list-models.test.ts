import { expect, test } from 'vitest';
import { listModels } from '../../../src/gemini/models/list-models.js';
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

test('reports a service without a model list', async () => {
  fixture.server.queueListReplies({ status: 404, body: '' });
  const error = await getError(listModels({ apiKey: 'test-key', baseUrl: fixture.server.url }));
  expect(error.message).toMatch(/^127\.0\.0\.1:\d+ has no model list \(404\)$/);
});

test('times out a stalled list', async () => {
  fixture.server.queueListReplies({ end: 'stall-before-headers' });
  const error = await getError(listModels({ apiKey: 'test-key', baseUrl: fixture.server.url, timeoutMs: 50 }));
  expect(error).toMatchObject({ code: 'timeout', isTransient: false });
});
