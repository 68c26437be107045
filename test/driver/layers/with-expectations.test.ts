import { expect, test } from 'vitest';
import type { CallContext, FindMismatches } from '../../../src/driver/driver.js';
import type { DriverEvent } from '../../../src/driver/driver-events.js';
import { type ExpectationOptions, withExpectations } from '../../../src/driver/layers/with-expectations.js';
import { withJsonValidation } from '../../../src/driver/layers/with-json-validation.js';
import type { GenerateRequest } from '../../../src/driver/request.js';
import type { StreamChunk } from '../../../src/driver/response.js';
import { BoticelliError } from '../../../src/errors.js';
import { createSchemaValidator } from '../../../src/narrative/schema/json-schema.js';
import { createScriptedDriver, type ScriptedCall } from '../../helpers/scripted-driver.js';

const userTurn = { role: 'user', parts: [{ type: 'text', text: 'Who?' }] } as const;
const request: GenerateRequest = { model: 'm', turns: [userTurn], parameters: {} };
const findMismatches: FindMismatches = async (text) => (text.includes('Ada') ? [] : ['it is not Ada', 'it is short']);

function stack(replies: (string | ScriptedCall)[], options: ExpectationOptions = {}) {
  const inner = createScriptedDriver(
    replies.map((reply) => (typeof reply === 'string' ? { pieces: [reply.slice(0, 2), reply.slice(2)] } : reply)),
  );
  const events: DriverEvent[] = [];
  const context: CallContext = { findMismatches, emit: (event) => void events.push(event) };
  return { inner, events, context, driver: withExpectations(options, inner) };
}

test('returns a reply that is as expected, without an event', async () => {
  const { driver, inner, events, context } = stack(['Ada']);
  expect(await driver.generate(request, context)).toMatchObject({ text: 'Ada' });
  expect(inner.requests).toEqual([request]);
  expect(events).toEqual([]);
});

test('does not check replies of calls without expectations, and streams them as they arrive', async () => {
  const { driver } = stack(['Bob']);
  const texts: string[] = [];
  for await (const { text } of driver.generateStream(request)) texts.push(text);
  expect(texts).toEqual(['Bo', 'b', '']);
});

test('requests another reply once, with the reason, and adds up the usage of both', async () => {
  const { driver, inner, events, context } = stack(['Bob', 'Ada']);
  const { text, turn, usage } = await driver.generate(request, context);
  expect({ text, turn }).toEqual({ text: 'Ada', turn: { role: 'model', text: 'Ada', model: 'm' } });
  expect(usage).toEqual({ promptTokens: 20, outputTokens: 4, thoughtTokens: 0, totalTokens: 24 });
  expect(inner.requests[1]?.turns).toEqual([
    userTurn,
    { role: 'model', text: 'Bob', model: 'm' },
    {
      role: 'user',
      parts: [
        {
          type: 'text',
          text: 'Your reply is not as expected: it is not Ada; it is short.\nWrite the whole reply again, and nothing else.',
        },
      ],
    },
  ]);
  expect(events).toMatchObject([
    { type: 'retry', attempt: 1, delayMs: 0, discard: false, error: { code: 'unexpected_reply' } },
  ]);
});

test('fails after a second reply that is not as expected, and reports the usage of both', async () => {
  const { driver, inner, events, context } = stack(['Bob', 'Eve', 'Ada']);
  await expect(driver.generate(request, context)).rejects.toMatchObject({
    code: 'unexpected_reply',
    message: 'the reply is not as expected: it is not Ada; it is short',
  });
  expect(inner.requests).toHaveLength(2);
  expect(events.filter(({ type }) => type === 'spent')).toHaveLength(2);
});

test('reports the usage of the first reply if the second request fails', async () => {
  const { driver, events, context } = stack(['Bob', { error: new BoticelliError('unavailable', 'busy') }]);
  await expect(driver.generate(request, context)).rejects.toMatchObject({ code: 'unavailable' });
  expect(events.filter(({ type }) => type === 'spent')).toHaveLength(1);
});

test('yields a checked reply in one piece', async () => {
  const { driver, inner, context } = stack(['Bob', 'Ada']);
  const chunks: StreamChunk[] = [];
  for await (const chunk of driver.generateStream(request, context)) chunks.push(chunk);
  expect(chunks.map(({ text, finished }) => [text, finished])).toEqual([
    ['Ada', false],
    ['', true],
  ]);
  expect(inner.methods).toEqual(['generateStream', 'generateStream']);
});

test('fails after the first reply if `canRepeat` is false', async () => {
  const { driver, inner, events, context } = stack(['Bob', 'Ada'], { canRepeat: false });
  await expect(driver.generate(request, context)).rejects.toMatchObject({ code: 'unexpected_reply' });
  expect(inner.requests).toHaveLength(1);
  expect(events.filter(({ type }) => type === 'retry')).toEqual([]);
});

test('says that a truncated reply was cut short', async () => {
  const truncated: ScriptedCall = { pieces: ['Bo'], finishReason: 'MAX_TOKENS' };
  const { driver, context } = stack([truncated, truncated]);
  await expect(driver.generate(request, context)).rejects.toMatchObject({
    hint: 'The reply was cut short: raise max_tokens, or ask for less.',
  });
});

test('passes the signal and the time limit to the check, and stops after an abort', async () => {
  const abort = new AbortController();
  const receivedLimits: unknown[] = [];
  const { driver, inner, context } = stack(['Bob', 'Ada'], { checkTimeoutMs: 5 });
  const checking = driver.generate(request, {
    ...context,
    signal: abort.signal,
    findMismatches: async (_, limits) => {
      receivedLimits.push(limits);
      abort.abort(new Error('stopped'));
      return ['no'];
    },
  });
  await expect(checking).rejects.toThrow('stopped');
  expect(receivedLimits).toEqual([{ signal: abort.signal, timeoutMs: 5 }]);
  expect(inner.requests).toHaveLength(1);
});

test('repeats a request once after the JSON validation has repeated it, and numbers the attempts of both', async () => {
  const inner = createScriptedDriver(['no', '{"n": 1}', 'no', '{"n": "Ada"}'].map((text) => ({ pieces: [text] })));
  const validated = withJsonValidation({ compileSchema: createSchemaValidator }, inner);
  const driver = withExpectations({}, validated);
  const attempts: unknown[] = [];
  const emit = (event: DriverEvent) =>
    void (event.type === 'retry' && attempts.push([event.attempt, event.error.code]));
  const json: GenerateRequest = { ...request, parameters: { format: 'json' } };
  const { text, usage } = await driver.generate(json, { findMismatches, emit });
  expect({ text, promptTokens: usage.promptTokens }).toEqual({ text: '{"n": "Ada"}', promptTokens: 40 });
  expect(attempts).toEqual([
    [1, 'invalid_reply'],
    [2, 'unexpected_reply'],
    [3, 'invalid_reply'],
  ]);
});
