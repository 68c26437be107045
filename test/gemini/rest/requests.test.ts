import { expect, test, vi } from 'vitest';
import type { GenerateRequest, ModelTurn } from '../../../src/driver/request.js';
import { createGeminiDriver } from '../../../src/gemini/driver.js';
import { textReply } from '../../helpers/gemini-replies.js';
import { createGeminiFixture, createRequest, createUserTurn, getError, model, readStream } from '../gemini-fixture.js';

const fixture = createGeminiFixture({ models: 'any', apiKey: 'test-key' });

async function bodyOf(request: GenerateRequest) {
  await fixture.driver().generate(request);
  return fixture.server.requests.at(-1)?.body;
}

test('generate asks generateContent, generateStream asks streamGenerateContent', async () => {
  await fixture.driver().generate(createRequest());
  await readStream(fixture.driver().generateStream(createRequest()));
  expect(fixture.server.requests.map(({ path }) => path)).toEqual([
    `/v1beta/models/${model}:generateContent`,
    `/v1beta/models/${model}:streamGenerateContent?alt=sse`,
  ]);
  expect(fixture.server.requests[1]?.body).toEqual(fixture.server.requests[0]?.body);
  expect(fixture.server.requests[0]?.headers['x-goog-api-key']).toBe('test-key');
});

test('nothing is sent that the request does not have', async () => {
  expect(await bodyOf(createRequest('Hi'))).toEqual({
    contents: [{ role: 'user', parts: [{ text: 'Hi' }] }],
    generationConfig: {},
  });
});

test('system instruction and parameters are sent, a temperature of 0 too', async () => {
  const body = await bodyOf(
    createRequest('Hi', { system: 'Be brief.', parameters: { temperature: 0, maxTokens: 12 } }),
  );
  expect(body.systemInstruction.parts).toEqual([{ text: 'Be brief.' }]);
  expect(body.generationConfig).toEqual({ temperature: 0, maxOutputTokens: 12 });
});

test('media goes as inline data, in the order of the parts', async () => {
  const parts = [
    { type: 'text', text: 'Look:' },
    { type: 'media', mimeType: 'image/png', content: { from: 'bytes', base64: 'iVBORw==' } },
    { type: 'text', text: 'What is it?' },
  ] as const;
  const body = await bodyOf(createRequest('', { turns: [{ role: 'user', parts }] }));
  expect(body.contents[0].parts).toEqual([
    { text: 'Look:' },
    { inlineData: { mimeType: 'image/png', data: 'iVBORw==' } },
    { text: 'What is it?' },
  ]);
});

test.each(['gemini-x', 'models/gemini-x'])('the name %s is that model', async (name) => {
  await fixture.driver().generate(createRequest('Hi', { model: name }));
  expect(fixture.server.requests[0]?.path).toBe('/v1beta/models/gemini-x:generateContent');
});

test('a turn of the same model goes back as it came, signatures included', async () => {
  fixture.server.queueReplies(textReply(['A', 'B'], { thoughtSignature: 'c2ln' }));
  const { turn } = await fixture.driver().generate(createRequest('One'));
  const turns = [createUserTurn('One'), turn, createUserTurn('Two')];
  const body = await bodyOf(createRequest('', { model: `models/${model}`, turns }));
  expect(body.contents).toEqual([
    { role: 'user', parts: [{ text: 'One' }] },
    { role: 'model', parts: [{ text: 'AB' }, { text: '', thoughtSignature: 'c2ln' }] },
    { role: 'user', parts: [{ text: 'Two' }] },
  ]);
});

test.each([
  ['another model', { model: 'gemini-other', native: [{ text: 'A', thoughtSignature: 's' }] }],
  ['another driver', { model, native: undefined }],
])('a turn of %s goes as plain text', async (_name, fields) => {
  const turn: ModelTurn = { role: 'model', text: 'A', ...fields };
  const body = await bodyOf(createRequest('', { turns: [createUserTurn('One'), turn, createUserTurn('Two')] }));
  expect(body.contents[1]).toEqual({ role: 'model', parts: [{ text: 'A' }] });
});

test('a base URL may have a path, as gateways do', async () => {
  const driver = createGeminiDriver({ apiKey: 'test-key', baseUrl: `${fixture.server.url}/gateway/` });
  await getError(driver.generate(createRequest()));
  expect(fixture.server.requests[0]?.path).toBe(`/gateway/v1beta/models/${model}:generateContent`);
});

test.each(['localhost:80', 'ftp://host', 'http://me:secret@host', 'https://host/?key=secret', 'https://host/#x', ''])(
  'the base URL %j is refused at once, and not repeated',
  (baseUrl) => {
    expect(() => createGeminiDriver({ apiKey: 'k', baseUrl })).toThrow(
      expect.objectContaining({ code: 'invalid_config', message: "the base URL can't be used" }),
    );
  },
);

test('the environment that the SDK would read changes nothing', async () => {
  vi.stubEnv('GOOGLE_API_KEY', 'other').stubEnv('GEMINI_API_KEY', 'another');
  vi.stubEnv('GOOGLE_GENAI_USE_VERTEXAI', 'true').stubEnv('GOOGLE_GEMINI_BASE_URL', 'http://127.0.0.1:1');
  const warn = vi.spyOn(console, 'warn');
  await fixture.driver().generate(createRequest());
  expect(fixture.server.requests[0]?.headers['x-goog-api-key']).toBe('test-key');
  expect(warn).not.toHaveBeenCalled();
  vi.unstubAllEnvs();
});

test('a continuation that the service offers is not asked for behind our back', async () => {
  fixture.server.queueReplies({
    chunks: [
      { candidates: [{ content: { parts: [{ text: 'A' }] }, continuationToken: 't', finishReason: 'CONTINUATION' }] },
    ],
  });
  expect(await fixture.driver().generate(createRequest())).toMatchObject({ text: 'A', finishReason: 'CONTINUATION' });
  expect(fixture.server.requests).toHaveLength(1);
});

test('every model can be tried with a stream', () => {
  expect(fixture.driver().supportsStreaming('any-model')).toBe(true);
});
