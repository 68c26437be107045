import { expect, test } from 'vitest';
import type { DriverEvent } from '../../../src/driver/driver-events.js';
import { withJsonValidation } from '../../../src/driver/layers/with-json-validation.js';
import type { GenerateRequest } from '../../../src/driver/request.js';
import type { StreamChunk } from '../../../src/driver/response.js';
import { BoticelliError } from '../../../src/errors.js';
import { createSchemaValidator } from '../../../src/narrative/schema/json-schema.js';
import { createScriptedDriver, type ScriptedCall } from '../../helpers/scripted-driver.js';

const schema = {
  type: 'object',
  properties: { name: { type: 'string' }, size: { enum: ['small', 'large'] } },
  required: ['name'],
  additionalProperties: false,
};
const userTurn = { role: 'user', parts: [{ type: 'text', text: 'Who?' }] } as const;
const request: GenerateRequest = { model: 'm', turns: [userTurn], parameters: { format: 'json', schema } };

function stack(replies: (string | ScriptedCall)[]) {
  const inner = createScriptedDriver(
    replies.map((reply) => (typeof reply === 'string' ? { pieces: [reply.slice(0, 4), reply.slice(4)] } : reply)),
  );
  const events: DriverEvent[] = [];
  const driver = withJsonValidation({ compileSchema: createSchemaValidator }, inner);
  return { inner, events, driver, emit: (event: DriverEvent) => void events.push(event) };
}

async function collectChunks(stream: AsyncIterable<StreamChunk>): Promise<StreamChunk[]> {
  const chunks: StreamChunk[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

test('returns JSON that matches its schema, and emits no event', async () => {
  const { driver, inner, events, emit } = stack(['{"name": "Ada"}']);
  const response = await driver.generate(request, { emit });
  expect(response).toMatchObject({ text: '{"name": "Ada"}', turn: { text: '{"name": "Ada"}' } });
  expect(inner.requests).toEqual([request]);
  expect(events).toEqual([]);
});

test('retries an invalid reply once, with the error in the prompt and in an event', async () => {
  const { driver, inner, events, emit } = stack(['{"size": "big"}', '{"name": "Ada"}']);
  const response = await driver.generate(request, { emit });
  expect(response.text).toBe('{"name": "Ada"}');
  expect(inner.requests).toHaveLength(2);
  const [prompt, reply, repair] = inner.requests[1]?.turns ?? [];
  expect(prompt).toEqual(userTurn);
  expect(reply).toMatchObject({ role: 'model', text: '{"size": "big"}' });
  expect(repair?.role === 'user' && repair.parts[0]).toEqual({
    type: 'text',
    text: `Your reply does not match its schema: it must have required property 'name'; /size must be one of "small", "large".
Reply with nothing but JSON that matches this JSON Schema:
${JSON.stringify(schema)}`,
  });
  expect(events).toEqual([
    {
      type: 'retry',
      attempt: 1,
      delayMs: 0,
      discard: false,
      error: {
        code: 'invalid_reply',
        message: `the reply does not match its schema: it must have required property 'name'; /size must be one of "small", "large"`,
        hint: expect.any(String),
      },
    },
  ]);
});

test('adds up the usage of both requests, and keeps only the valid reply in the conversation', async () => {
  const { driver } = stack(['no', '{"name": "Ada"}']);
  const { usage, turn } = await driver.generate(request);
  expect(usage).toEqual({ promptTokens: 20, outputTokens: 4, thoughtTokens: 0, totalTokens: 24 });
  expect(turn).toEqual({ role: 'model', text: '{"name": "Ada"}', model: 'm' });
});

test('fails after a second invalid reply', async () => {
  const { driver, inner } = stack(['{}', '{"name": 3}', '{"name": "Ada"}']);
  await expect(driver.generate(request)).rejects.toMatchObject({
    code: 'invalid_reply',
    message: 'the reply does not match its schema: /name must be string',
  });
  expect(inner.requests).toHaveLength(2);
});

test('reports the usage of invalid replies in events, or in the usage of the valid reply that follows', async () => {
  const error = new BoticelliError('unavailable', 'busy');
  const truncated: ScriptedCall = { pieces: ['{'], finishReason: 'MAX_TOKENS' };
  for (const [replies, usageEventCount] of [
    [['{}', '{"name": 3}'], 2],
    [['{}', { error }], 1],
    [[truncated], 1],
    [['{}', '{"name": "Ada"}'], 0],
  ] as const) {
    const { driver, events, emit } = stack([...replies]);
    await driver.generate(request, { emit }).catch(() => {});
    const usageEvents = events.filter(({ type }) => type === 'spent');
    expect(usageEvents).toHaveLength(usageEventCount);
    for (const event of usageEvents) expect(event).toMatchObject({ model: 'm-001', usage: { promptTokens: 10 } });
  }
});

test('accepts any JSON if there is no schema, but no text before it', async () => {
  const anyJson: GenerateRequest = { ...request, parameters: { format: 'json' } };
  for (const text of ['[1]', '"x"', 'null', ' {"a": 1}\n']) {
    expect((await stack([text]).driver.generate(anyJson)).text).toBe(text);
  }
  const { driver, events, emit } = stack(['Here you are:\n{}', '{}']);
  await driver.generate(anyJson, { emit });
  expect(events).toMatchObject([{ error: { message: 'the reply is not JSON: it begins with "Here you are:\\n{}"' } }]);
});

test.each([
  ['```json\n{"name": "Ada"}\n```', '{"name": "Ada"}'],
  ['\n```\n{"name":\n "Ada"}\n```\n', '{"name":\n "Ada"}'],
  ['```JSON \n{"name": "Ada"}```', '{"name": "Ada"}'],
])('removes a Markdown code fence around the whole reply: %j', async (text, inside) => {
  const { driver, inner } = stack([text]);
  expect(await driver.generate(request)).toMatchObject({ text: inside, turn: { text: inside } });
  expect(inner.requests).toHaveLength(1);
});

test.each(['MAX_TOKENS', 'max_tokens'])('does not retry JSON that max_tokens cut off (%s)', async (finishReason) => {
  const { driver, inner } = stack([{ pieces: ['{"name": "A'], finishReason }]);
  const capped = { ...request, parameters: { ...request.parameters, maxTokens: 5 } };
  await expect(driver.generate(capped)).rejects.toMatchObject({
    code: 'truncated',
    message: 'the reply was cut off by max_tokens after 1 tokens',
    hint: 'Raise max_tokens (now 5). Incomplete JSON is not returned.',
  });
  expect(inner.requests).toHaveLength(1);
});

test('does not name the length of a cut reply if the service gives no count', async () => {
  const { driver } = stack([{ pieces: ['{'], finishReason: 'MAX_TOKENS', response: { usage: {} } }]);
  await expect(driver.generate(request)).rejects.toThrow(/^the reply was cut off by max_tokens$/);
});

test('streams a valid reply in one piece, and nothing of an invalid one', async () => {
  const { driver, inner } = stack(['{"size": 1}', '{"name": "Ada"}']);
  const chunks = await collectChunks(driver.generateStream(request));
  expect(inner.methods).toEqual(['generateStream', 'generateStream']);
  expect(chunks.map(({ text, finished }) => [text, finished])).toEqual([
    ['{"name": "Ada"}', false],
    ['', true],
  ]);
  expect(chunks[1]?.response?.text).toBe('{"name": "Ada"}');
});

test('lets inner layers discard text, without telling the caller to discard any', async () => {
  const onCall: ScriptedCall['onCall'] = (_request, { canDiscard, emit }) => {
    const error = { code: 'unavailable', message: 'x' } as const;
    expect(canDiscard?.()).toBe(true);
    emit?.({ type: 'retry', attempt: 1, delayMs: 10, error, discard: true, keepChars: 2 });
  };
  const { driver, events, emit } = stack([
    { pieces: ['{}'], onCall },
    { pieces: ['{"name": "Ada"}'], onCall },
  ]);
  await collectChunks(driver.generateStream(request, { emit, canDiscard: () => false }));
  expect(events.map((event) => event.type === 'retry' && [event.attempt, event.error.code, event.discard])).toEqual([
    [1, 'unavailable', false],
    [2, 'invalid_reply', false],
    [3, 'unavailable', false],
  ]);
  for (const event of events) expect(event).not.toHaveProperty('keepChars');
});

test('passes text requests through, streamed or not', async () => {
  const { driver, inner, emit } = stack(['Hello', 'Hello']);
  const text: GenerateRequest = { model: 'm', turns: [], parameters: {} };
  const context = { emit, canDiscard: () => false };
  expect((await driver.generate(text, context)).text).toBe('Hello');
  expect((await collectChunks(driver.generateStream(text, context))).map((chunk) => chunk.text)).toEqual([
    'Hell',
    'o',
    '',
  ]);
  expect(inner.requests).toEqual([text, text]);
});

test('rethrows failures of the inner driver', async () => {
  const error = new BoticelliError('quota_exhausted', 'no more');
  await expect(stack([{ error }]).driver.generate(request)).rejects.toBe(error);
  await expect(collectChunks(stack(['{}', { error }]).driver.generateStream(request))).rejects.toBe(error);
});

test('rejects with the reason of an abort between the two requests', async () => {
  const controller = new AbortController();
  const { driver, inner } = stack([{ pieces: ['no'], onCall: () => controller.abort(new Error('enough')) }]);
  await expect(driver.generate(request, { signal: controller.signal })).rejects.toThrow('enough');
  expect(inner.requests).toHaveLength(1);
});
