import { afterEach, expect, test, vi } from 'vitest';
import type { DriverEvent } from '../../../src/driver/driver-events.js';
import {
  blockedPromptReply,
  createChunk,
  emptyReply,
  formatSseEvent,
  packetReply,
  type ScriptedReply,
  textReply,
  type WirePart,
} from '../../helpers/gemini-replies.js';
import { createGeminiFixture, createRequest, getError, model, readStream } from '../gemini-fixture.js';

const fixture = createGeminiFixture();
const warn = vi.spyOn(console, 'warn');
afterEach(() => expect(warn).not.toHaveBeenCalled());

/** The reply to a script, which must be the same unary and streamed. */
async function replyTo(script: ScriptedReply) {
  fixture.server.queueReplies(script, script);
  const unary = await fixture.driver().generate(createRequest());
  const streamed = await readStream(fixture.driver().generateStream(createRequest()));
  expect(streamed.error).toBeUndefined();
  expect(streamed.response).toEqual(unary);
  expect(streamed.text).toBe(unary.text);
  return unary;
}

/** What a script fails with, which must be the same unary and streamed. */
async function faultOf(script: ScriptedReply) {
  fixture.server.queueReplies(script, script);
  const unary = await getError(fixture.driver().generate(createRequest()));
  const { error } = await readStream(fixture.driver().generateStream(createRequest()));
  expect(error).toMatchObject({ code: unary.code, message: unary.message, hint: unary.hint });
  expect(unary.isTransient).toBe(false);
  return unary;
}

test('a reply has its text, model, finish reason and usage', async () => {
  const usage = { promptTokenCount: 7, candidatesTokenCount: 3, thoughtsTokenCount: 40, totalTokenCount: 50 };
  expect(await replyTo(textReply(['Hello', ' you\n'], { usage, modelVersion: 'models/gemini-3.8-flash-001' }))).toEqual(
    {
      text: 'Hello you\n',
      model: 'gemini-3.8-flash-001',
      finishReason: 'STOP',
      usage: { promptTokens: 7, outputTokens: 3, thoughtTokens: 40, totalTokens: 50 },
      turn: { role: 'model', text: 'Hello you\n', model, native: [{ text: 'Hello you\n' }] },
    },
  );
});

test('thoughts are no part of the text, but of the turn', async () => {
  const reply = await replyTo(textReply(['A', 'B'], { thoughts: ['hm, ', 'well'] }));
  expect(reply.text).toBe('AB');
  expect(reply.turn.native).toEqual([{ text: 'hm, well', thought: true }, { text: 'AB' }]);
});

test('a thought signature stays on the part it came with, an empty one too', async () => {
  const reply = await replyTo(textReply(['A', 'B'], { thoughtSignature: 'c2ln' }));
  expect(reply.turn.native).toEqual([{ text: 'AB' }, { text: '', thoughtSignature: 'c2ln' }]);
});

test('a signed part in the midst of text is not joined', async () => {
  const part = (fields: WirePart) => ({ candidates: [{ content: { parts: [fields] }, finishReason: 'STOP' }] });
  const chunks = [
    part({ text: 'A' }),
    part({ text: 'B', thoughtSignature: 's' }),
    part({ text: 'C' }),
    part({ text: 'D' }),
  ];
  const reply = await replyTo({ chunks });
  expect(reply.text).toBe('ABCD');
  expect(reply.turn.native).toEqual([{ text: 'A' }, { text: 'B', thoughtSignature: 's' }, { text: 'CD' }]);
});

test('usage is a running total of which the last counts, field by field', async () => {
  const counted = (usageMetadata: object, finishReason?: string) =>
    formatSseEvent({ ...createChunk('x', finishReason), usageMetadata });
  fixture.server.queueReplies(
    packetReply(
      counted({ promptTokenCount: 7, thoughtsTokenCount: 30, totalTokenCount: 37 }),
      counted({ promptTokenCount: 7, thoughtsTokenCount: 30, totalTokenCount: 38 }),
      counted({ promptTokenCount: 7, candidatesTokenCount: 2, totalTokenCount: 39 }, 'STOP'),
    ),
  );
  const { response } = await readStream(fixture.driver().generateStream(createRequest()));
  expect(response?.usage).toEqual({ promptTokens: 7, outputTokens: 2, thoughtTokens: 30, totalTokens: 39 });
});

test('a reply without usage or model version has zeros and the model asked for', async () => {
  fixture.server.queueReplies({ body: createChunk('Hi', 'STOP') });
  expect(await fixture.driver().generate(createRequest('Hi', { model: `models/${model}` }))).toMatchObject({
    model,
    usage: { promptTokens: 0, outputTokens: 0, thoughtTokens: 0, totalTokens: 0 },
    turn: { model },
  });
});

test.each(['OTHER', 'LANGUAGE', 'SOMETHING_NEW', 'MAX_TOKENS'])(
  'text that ends with %s is a reply',
  async (finishReason) => {
    expect(await replyTo(textReply('Hello', { finishReason }))).toMatchObject({ text: 'Hello', finishReason });
  },
);

test('unknown fields and parts are survived', async () => {
  const parts = [{ text: 'A' }, { somethingNew: { x: 1 } }, { inlineData: { mimeType: 'image/png', data: 'AA==' } }];
  const reply = await replyTo({
    chunks: [{ candidates: [{ content: { parts }, finishReason: 'STOP', novelty: [1] }], newField: { a: null } }],
  });
  expect(reply.text).toBe('A');
  expect(reply.turn.native).toEqual(parts);
});

test('a unary reply without a finish reason is whole, for its JSON is', async () => {
  fixture.server.queueReplies({ body: createChunk('Hi') });
  const reply = await fixture.driver().generate(createRequest());
  expect(reply).toMatchObject({ text: 'Hi', finishReason: 'FINISH_REASON_UNSPECIFIED' });
});

test('what an answer of no use took is told with the model that served, unless the service did not count it', async () => {
  const served = { modelVersion: 'gemini-3.8-flash-001' };
  fixture.server.queueReplies(textReply('', served), textReply('', served), { chunks: [createChunk('', 'STOP')] });
  const events: DriverEvent[] = [];
  const context = { emit: (event: DriverEvent) => void events.push(event) };
  await getError(fixture.driver().generate(createRequest(), context));
  expect((await readStream(fixture.driver().generateStream(createRequest(), context))).error?.code).toBe('empty_reply');
  await getError(fixture.driver().generate(createRequest(), context));
  const usage = { promptTokens: 8, outputTokens: 1, thoughtTokens: 0, totalTokens: 9 };
  const spent = { type: 'spent', model: 'gemini-3.8-flash-001', usage };
  expect(events).toEqual([spent, spent]);
});

test('a blocked prompt names its reason and category', async () => {
  const rating = { category: 'HARM_CATEGORY_DANGEROUS_CONTENT', probability: 'HIGH', blocked: true };
  const mild = { category: 'HARM_CATEGORY_HARASSMENT', probability: 'NEGLIGIBLE' };
  const fault = await faultOf(blockedPromptReply('SAFETY', [mild, rating]));
  expect(fault.code).toBe('blocked');
  expect(fault.message).toBe('the service blocked the prompt: SAFETY (HARM_CATEGORY_DANGEROUS_CONTENT)');
});

test('a prompt that is blocked after text came is blocked', async () => {
  const blocked = { promptFeedback: { blockReason: 'OTHER' } };
  expect(await faultOf({ chunks: [createChunk('Some'), blocked] })).toMatchObject({ code: 'blocked' });
});

test.each([
  'SAFETY',
  'RECITATION',
  'BLOCKLIST',
  'PROHIBITED_CONTENT',
  'SPII',
  'IMAGE_SAFETY',
  'IMAGE_PROHIBITED_CONTENT',
])('a reply that ends with %s is blocked, with or without text', async (finishReason) => {
  const message = `the service blocked the reply: ${finishReason}`;
  expect(await faultOf(emptyReply(finishReason))).toMatchObject({ code: 'blocked', message });
  expect(await faultOf(textReply('Some', { finishReason }))).toMatchObject({ code: 'blocked', message });
});

test('MAX_TOKENS without text is truncated and tells what went to thoughts', async () => {
  const usage = { promptTokenCount: 8, thoughtsTokenCount: 478, totalTokenCount: 486 };
  const fault = await faultOf(emptyReply('MAX_TOKENS', usage));
  expect(fault.code).toBe('truncated');
  expect(fault.message).toBe('max_tokens cut the reply off after 478 tokens of thoughts and no text');
  expect(fault.hint).toContain('Raise max_tokens');
});

test.each(['STOP', 'OTHER', 'MALFORMED_FUNCTION_CALL'])('an empty reply names its finish reason %s', async (reason) => {
  const fault = await faultOf(emptyReply(reason));
  expect(fault).toMatchObject({ code: 'empty_reply', message: `the reply is empty (${reason})` });
});

test('nothing but thoughts is an empty reply', async () => {
  expect(await faultOf(textReply([], { thoughts: ['hm'] }))).toMatchObject({ code: 'empty_reply' });
});
