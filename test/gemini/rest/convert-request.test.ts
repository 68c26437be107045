import { expect, test, vi } from 'vitest';
import type { GenerateRequest, GenerationParameters, ModelTurn } from '../../../src/driver/request.js';
import { createGeminiDriver } from '../../../src/gemini/driver.js';
import { textReply } from '../../helpers/gemini/replies.js';
import { createGeminiFixture, createRequest, createUserTurn, getError, model, readStream } from '../gemini-fixture.js';

const fixture = createGeminiFixture({ models: 'any', apiKey: 'test-key' });

async function sendRequest(request: GenerateRequest) {
  await fixture.driver().generate(request);
  return fixture.server.requests.at(-1)?.body;
}

test('calls generateContent or streamGenerateContent', async () => {
  await fixture.driver().generate(createRequest());
  await readStream(fixture.driver().generateStream(createRequest()));
  expect(fixture.server.requests.map(({ path }) => path)).toEqual([
    `/v1beta/models/${model}:generateContent`,
    `/v1beta/models/${model}:streamGenerateContent?alt=sse`,
  ]);
  expect(fixture.server.requests[1]?.body).toEqual(fixture.server.requests[0]?.body);
  expect(fixture.server.requests[0]?.headers['x-goog-api-key']).toBe('test-key');
});

test('sends only what the request contains', async () => {
  expect(await sendRequest(createRequest('Hi'))).toEqual({
    contents: [{ role: 'user', parts: [{ text: 'Hi' }] }],
    generationConfig: {},
  });
});

test('sends the system instruction and parameters, including a temperature of 0', async () => {
  const body = await sendRequest(
    createRequest('Hi', { system: 'Be brief.', parameters: { temperature: 0, maxTokens: 12 } }),
  );
  expect(body.systemInstruction.parts).toEqual([{ text: 'Be brief.' }]);
  expect(body.generationConfig).toEqual({ temperature: 0, maxOutputTokens: 12 });
});

test('sends media as inline data, in the order of the parts', async () => {
  const parts = [
    { type: 'text', text: 'Look:' },
    { type: 'media', mimeType: 'image/png', content: { from: 'bytes', base64: 'iVBORw==' } },
    { type: 'text', text: 'What is it?' },
  ] as const;
  const body = await sendRequest(createRequest('', { turns: [{ role: 'user', parts }] }));
  expect(body.contents[0].parts).toEqual([
    { text: 'Look:' },
    { inlineData: { mimeType: 'image/png', data: 'iVBORw==' } },
    { text: 'What is it?' },
  ]);
});

test.each(['gemini-x', 'models/gemini-x'])('accepts the model name %s', async (name) => {
  await fixture.driver().generate(createRequest('Hi', { model: name }));
  expect(fixture.server.requests[0]?.path).toBe('/v1beta/models/gemini-x:generateContent');
});

test('sends a turn back to the same model unchanged, with its signatures', async () => {
  fixture.server.queueReplies(textReply(['A', 'B'], { thoughtSignature: 'c2ln' }));
  const { turn } = await fixture.driver().generate(createRequest('One'));
  const turns = [createUserTurn('One'), turn, createUserTurn('Two')];
  const body = await sendRequest(createRequest('', { model: `models/${model}`, turns }));
  expect(body.contents).toEqual([
    { role: 'user', parts: [{ text: 'One' }] },
    { role: 'model', parts: [{ text: 'AB' }, { text: '', thoughtSignature: 'c2ln' }] },
    { role: 'user', parts: [{ text: 'Two' }] },
  ]);
});

test.each([
  ['another model', { model: 'gemini-other', native: [{ text: 'A', thoughtSignature: 's' }] }],
  ['another driver', { model, native: undefined }],
])('sends a turn of %s as plain text', async (_name, fields) => {
  const turn: ModelTurn = { role: 'model', text: 'A', ...fields };
  const body = await sendRequest(createRequest('', { turns: [createUserTurn('One'), turn, createUserTurn('Two')] }));
  expect(body.contents[1]).toEqual({ role: 'model', parts: [{ text: 'A' }] });
});

test('accepts a base URL with a path', async () => {
  const driver = createGeminiDriver({ apiKey: 'test-key', baseUrl: `${fixture.server.url}/gateway/` });
  await getError(driver.generate(createRequest()));
  expect(fixture.server.requests[0]?.path).toBe(`/gateway/v1beta/models/${model}:generateContent`);
});

test.each(['localhost:80', 'ftp://host', 'http://me:secret@host', 'https://host/?key=secret', 'https://host/#x', ''])(
  'rejects the base URL %j without printing it',
  (baseUrl) => {
    expect(() => createGeminiDriver({ apiKey: 'k', baseUrl })).toThrow(
      expect.objectContaining({ code: 'invalid_config', message: 'the base URL is not valid' }),
    );
  },
);

test('ignores the environment variables of the SDK', async () => {
  vi.stubEnv('GOOGLE_API_KEY', 'other').stubEnv('GEMINI_API_KEY', 'another');
  vi.stubEnv('GOOGLE_GENAI_USE_VERTEXAI', 'true').stubEnv('GOOGLE_GEMINI_BASE_URL', 'http://127.0.0.1:1');
  const warn = vi.spyOn(console, 'warn');
  await fixture.driver().generate(createRequest());
  expect(fixture.server.requests[0]?.headers['x-goog-api-key']).toBe('test-key');
  expect(warn).not.toHaveBeenCalled();
  vi.unstubAllEnvs();
});

test('does not let the SDK request a continuation', async () => {
  fixture.server.queueReplies({
    chunks: [
      { candidates: [{ content: { parts: [{ text: 'A' }] }, continuationToken: 't', finishReason: 'CONTINUATION' }] },
    ],
  });
  expect(await fixture.driver().generate(createRequest())).toMatchObject({ text: 'A', finishReason: 'CONTINUATION' });
  expect(fixture.server.requests).toHaveLength(1);
});

test('supports streaming for unknown models', () => {
  expect(fixture.driver().supportsStreaming('any-model')).toBe(true);
});

async function sendParameters(parameters: GenerationParameters) {
  return sendRequest(createRequest('Hi', { parameters }));
}

test('sends every parameter under its name in the API', async () => {
  const schema = {
    type: 'object',
    properties: { a: { $ref: '#/$defs/a' } },
    $defs: { a: { type: ['string', 'null'] } },
  };
  const body = await sendParameters({
    ...{ topP: 0.5, topK: 3, seed: 7, stop: ['END'], thinking: 'minimal' },
    ...{ safety: { HARM_CATEGORY_HARASSMENT: 'BLOCK_ONLY_HIGH' }, format: 'json', schema },
  });
  expect(body.generationConfig).toEqual({
    ...{ topP: 0.5, topK: 3, seed: 7, stopSequences: ['END'], thinkingConfig: { thinkingLevel: 'MINIMAL' } },
    ...{ responseMimeType: 'application/json', responseJsonSchema: schema },
  });
  expect(body.safetySettings).toEqual([{ category: 'HARM_CATEGORY_HARASSMENT', threshold: 'BLOCK_ONLY_HIGH' }]);
});

test('sends thinking in tokens as a budget, including 0', async () => {
  const body = await sendParameters({ thinking: 0 });
  expect(body.generationConfig).toEqual({ thinkingConfig: { thinkingBudget: 0 } });
});

test('does not send empty lists', async () => {
  const body = await sendParameters({ stop: [], safety: {} });
  expect(body).toEqual({ contents: expect.any(Array), generationConfig: {} });
});
