import { expect, test } from 'vitest';
import type { GenerationParameters } from '../../../src/driver/request.js';
import { createGeminiFixture, createRequest } from '../gemini-fixture.js';

const fixture = createGeminiFixture({ models: 'any', apiKey: 'test-key' });

async function bodyWith(parameters: GenerationParameters) {
  await fixture.driver().generate(createRequest('Hi', { parameters }));
  return fixture.server.requests.at(-1)?.body;
}

test('every parameter is sent by the name that the service has for it', async () => {
  const schema = {
    type: 'object',
    properties: { a: { $ref: '#/$defs/a' } },
    $defs: { a: { type: ['string', 'null'] } },
  };
  const body = await bodyWith({
    ...{ topP: 0.5, topK: 3, seed: 7, stop: ['END'], thinking: 'minimal' },
    ...{ safety: { HARM_CATEGORY_HARASSMENT: 'BLOCK_ONLY_HIGH' }, format: 'json', schema },
  });
  expect(body.generationConfig).toEqual({
    ...{ topP: 0.5, topK: 3, seed: 7, stopSequences: ['END'], thinkingConfig: { thinkingLevel: 'MINIMAL' } },
    ...{ responseMimeType: 'application/json', responseJsonSchema: schema },
  });
  expect(body.safetySettings).toEqual([{ category: 'HARM_CATEGORY_HARASSMENT', threshold: 'BLOCK_ONLY_HIGH' }]);
});

test('thinking in tokens is a budget, and 0 is one too', async () => {
  const body = await bodyWith({ thinking: 0 });
  expect(body.generationConfig).toEqual({ thinkingConfig: { thinkingBudget: 0 } });
});

test('empty lists are not sent', async () => {
  const body = await bodyWith({ stop: [], safety: {} });
  expect(body).toEqual({ contents: expect.any(Array), generationConfig: {} });
});
