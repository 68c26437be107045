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

test('JSON that matches is the reply, and nothing is told', async () => {
  const { driver, inner, events, emit } = stack(['{"name": "Ada"}']);
  const response = await driver.generate(request, { emit });
  expect(response).toMatchObject({ text: '{"name": "Ada"}', turn: { text: '{"name": "Ada"}' } });
  expect(inner.requests).toEqual([request]);
  expect(events).toEqual([]);
});

test('what does not match is asked for once more, with the fault told to the model and to the listener', async () => {
  const { driver, inner, events, emit } = stack(['{"size": "big"}', '{"name": "Ada"}']);
  const response = await driver.generate(request, { emit });
  expect(response.text).toBe('{"name": "Ada"}');
  expect(inner.requests).toHaveLength(2);
  const [question, answer, repair] = inner.requests[1]?.turns ?? [];
  expect(question).toEqual(userTurn);
  expect(answer).toMatchObject({ role: 'model', text: '{"size": "big"}' });
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

test('both questions are counted, and the conversation has the good reply alone', async () => {
  const { driver } = stack(['no', '{"name": "Ada"}']);
  const { usage, turn } = await driver.generate(request);
  expect(usage).toEqual({ promptTokens: 20, outputTokens: 4, thoughtTokens: 0, totalTokens: 24 });
  expect(turn).toEqual({ role: 'model', text: '{"name": "Ada"}', model: 'm' });
});

test('a second reply that is none either ends the call', async () => {
  const { driver, inner } = stack(['{}', '{"name": 3}', '{"name": "Ada"}']);
  await expect(driver.generate(request)).rejects.toMatchObject({
    code: 'invalid_reply',
    message: 'the reply does not match its schema: /name must be string',
  });
  expect(inner.requests).toHaveLength(2);
});

test('what was paid for replies that are none is told where no good one carries it', async () => {
  const error = new BoticelliError('unavailable', 'busy');
  const cut: ScriptedCall = { pieces: ['{'], finishReason: 'MAX_TOKENS' };
  for (const [replies, spent] of [
    [['{}', '{"name": 3}'], 2],
    [['{}', { error }], 1],
    [[cut], 1],
    [['{}', '{"name": "Ada"}'], 0],
  ] as const) {
    const { driver, events, emit } = stack([...replies]);
    await driver.generate(request, { emit }).catch(() => {});
    const usageEvents = events.filter(({ type }) => type === 'spent');
    expect(usageEvents).toHaveLength(spent);
    for (const event of usageEvents) expect(event).toMatchObject({ model: 'm-001', usage: { promptTokens: 10 } });
  }
});

test('without a schema any JSON will do, and text will not', async () => {
  const anyJson: GenerateRequest = { ...request, parameters: { format: 'json' } };
  for (const text of ['[1]', '"x"', 'null', ' {"a": 1}\n']) {
    expect((await stack([text]).driver.generate(anyJson)).text).toBe(text);
  }
  const { driver, events, emit } = stack(['Here you are:\n{}', '{}']);
  await driver.generate(anyJson, { emit });
  expect(events).toMatchObject([{ error: { message: 'the reply is no JSON: it begins with "Here you are:\\n{}"' } }]);
});

test.each([
  ['```json\n{"name": "Ada"}\n```', '{"name": "Ada"}'],
  ['\n```\n{"name":\n "Ada"}\n```\n', '{"name":\n "Ada"}'],
  ['```JSON \n{"name": "Ada"}```', '{"name": "Ada"}'],
])('a Markdown fence around the whole reply is taken off: %j', async (text, inside) => {
  const { driver, inner } = stack([text]);
  expect(await driver.generate(request)).toMatchObject({ text: inside, turn: { text: inside } });
  expect(inner.requests).toHaveLength(1);
});

test('JSON that max_tokens cut off is not asked for again: it would be cut again', async () => {
  const { driver, inner } = stack([{ pieces: ['{"name": "A'], finishReason: 'MAX_TOKENS' }]);
  const capped = { ...request, parameters: { ...request.parameters, maxTokens: 5 } };
  await expect(driver.generate(capped)).rejects.toMatchObject({
    code: 'truncated',
    message: 'max_tokens cut the JSON off after 1 tokens',
    hint: 'Raise max_tokens (now 5): a part of JSON is of no use.',
  });
  expect(inner.requests).toHaveLength(1);
});

test('a stream hands the reply out whole, and none of a void one', async () => {
  const { driver, inner } = stack(['{"size": 1}', '{"name": "Ada"}']);
  const chunks = await collectChunks(driver.generateStream(request));
  expect(inner.methods).toEqual(['generateStream', 'generateStream']);
  expect(chunks.map(({ text, finished }) => [text, finished])).toEqual([
    ['{"name": "Ada"}', false],
    ['', true],
  ]);
  expect(chunks[1]?.response?.text).toBe('{"name": "Ada"}');
});

test('below it, text may always be taken back, and nobody above is told that it was', async () => {
  const before: ScriptedCall['onCall'] = (_request, { canDiscard, emit }) => {
    const error = { code: 'unavailable', message: 'x' } as const;
    expect(canDiscard?.()).toBe(true);
    emit?.({ type: 'retry', attempt: 1, delayMs: 10, error, discard: true });
  };
  const { driver, events, emit } = stack([
    { pieces: ['{}'], onCall: before },
    { pieces: ['{"name": "Ada"}'], onCall: before },
  ]);
  await collectChunks(driver.generateStream(request, { emit, canDiscard: () => false }));
  expect(events.map((event) => event.type === 'retry' && [event.attempt, event.error.code, event.discard])).toEqual([
    [1, 'unavailable', false],
    [2, 'invalid_reply', false],
    [3, 'unavailable', false],
  ]);
});

test('text passes through as it is, streamed or not', async () => {
  const { driver, inner, emit } = stack(['Hello', 'Hello']);
  const text: GenerateRequest = { model: 'm', turns: [], parameters: {} };
  const context = { emit, mayDiscard: () => false };
  expect((await driver.generate(text, context)).text).toBe('Hello');
  expect((await collectChunks(driver.generateStream(text, context))).map((chunk) => chunk.text)).toEqual([
    'Hell',
    'o',
    '',
  ]);
  expect(inner.requests).toEqual([text, text]);
});

test('failures from below come up as they are', async () => {
  const error = new BoticelliError('quota_exhausted', 'no more');
  await expect(stack([{ error }]).driver.generate(request)).rejects.toBe(error);
  await expect(collectChunks(stack(['{}', { error }]).driver.generateStream(request))).rejects.toBe(error);
});

test('an abort between the two questions ends the call with its reason', async () => {
  const controller = new AbortController();
  const { driver, inner } = stack([{ pieces: ['no'], onCall: () => controller.abort(new Error('enough')) }]);
  await expect(driver.generate(request, { signal: controller.signal })).rejects.toThrow('enough');
  expect(inner.requests).toHaveLength(1);
});
