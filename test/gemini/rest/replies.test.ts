import { afterEach, expect, test, vi } from 'vitest';
import type { DriverEvent } from '../../../src/driver/events.js';
import {
  blockedPrompt,
  chunkOf,
  noText,
  packets,
  type Script,
  sseEvent,
  text,
  type WirePart,
} from '../../helpers/gemini-replies.js';
import { ask, failureOf, model, play, setStage } from '../gemini-stage.js';

const stage = setStage();
const warn = vi.spyOn(console, 'warn');
afterEach(() => expect(warn).not.toHaveBeenCalled());

/** The reply to a script, which must be the same unary and streamed. */
async function replyTo(script: Script) {
  stage.server.reply(script, script);
  const unary = await stage.driver().generate(ask());
  const streamed = await play(stage.driver().generateStream(ask()));
  expect(streamed.error).toBeUndefined();
  expect(streamed.response).toEqual(unary);
  expect(streamed.text).toBe(unary.text);
  return unary;
}

/** What a script fails with, which must be the same unary and streamed. */
async function faultOf(script: Script) {
  stage.server.reply(script, script);
  const unary = await failureOf(stage.driver().generate(ask()));
  const { error } = await play(stage.driver().generateStream(ask()));
  expect(error).toMatchObject({ code: unary.code, message: unary.message, hint: unary.hint });
  expect(unary.passing).toBe(false);
  return unary;
}

test('a reply has its text, model, finish reason and usage', async () => {
  const usage = { promptTokenCount: 7, candidatesTokenCount: 3, thoughtsTokenCount: 40, totalTokenCount: 50 };
  expect(await replyTo(text(['Hello', ' you\n'], { usage, modelVersion: 'models/gemini-3.8-flash-001' }))).toEqual({
    text: 'Hello you\n',
    model: 'gemini-3.8-flash-001',
    finishReason: 'STOP',
    usage: { promptTokens: 7, outputTokens: 3, thoughtTokens: 40, totalTokens: 50 },
    turn: { role: 'model', text: 'Hello you\n', model, native: [{ text: 'Hello you\n' }] },
  });
});

test('thoughts are no part of the text, but of the turn', async () => {
  const reply = await replyTo(text(['A', 'B'], { thoughts: ['hm, ', 'well'] }));
  expect(reply.text).toBe('AB');
  expect(reply.turn.native).toEqual([{ text: 'hm, well', thought: true }, { text: 'AB' }]);
});

test('a thought signature stays on the part it came with, an empty one too', async () => {
  const reply = await replyTo(text(['A', 'B'], { thoughtSignature: 'c2ln' }));
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
    sseEvent({ ...chunkOf('x', finishReason), usageMetadata });
  stage.server.reply(
    packets(
      counted({ promptTokenCount: 7, thoughtsTokenCount: 30, totalTokenCount: 37 }),
      counted({ promptTokenCount: 7, thoughtsTokenCount: 30, totalTokenCount: 38 }),
      counted({ promptTokenCount: 7, candidatesTokenCount: 2, totalTokenCount: 39 }, 'STOP'),
    ),
  );
  const { response } = await play(stage.driver().generateStream(ask()));
  expect(response?.usage).toEqual({ promptTokens: 7, outputTokens: 2, thoughtTokens: 30, totalTokens: 39 });
});

test('a reply without usage or model version has zeros and the model asked for', async () => {
  stage.server.reply({ body: chunkOf('Hi', 'STOP') });
  expect(await stage.driver().generate(ask('Hi', { model: `models/${model}` }))).toMatchObject({
    model,
    usage: { promptTokens: 0, outputTokens: 0, thoughtTokens: 0, totalTokens: 0 },
    turn: { model },
  });
});

test.each(['OTHER', 'LANGUAGE', 'SOMETHING_NEW', 'MAX_TOKENS'])(
  'text that ends with %s is a reply',
  async (finishReason) => {
    expect(await replyTo(text('Hello', { finishReason }))).toMatchObject({ text: 'Hello', finishReason });
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
  stage.server.reply({ body: chunkOf('Hi') });
  const reply = await stage.driver().generate(ask());
  expect(reply).toMatchObject({ text: 'Hi', finishReason: 'FINISH_REASON_UNSPECIFIED' });
});

test('what an answer of no use took is told with the model that served, unless the service did not count it', async () => {
  const served = { modelVersion: 'gemini-3.8-flash-001' };
  stage.server.reply(text('', served), text('', served), { chunks: [chunkOf('', 'STOP')] });
  const told: DriverEvent[] = [];
  const context = { emit: (event: DriverEvent) => void told.push(event) };
  await failureOf(stage.driver().generate(ask(), context));
  expect((await play(stage.driver().generateStream(ask(), context))).error?.code).toBe('empty_reply');
  await failureOf(stage.driver().generate(ask(), context));
  const usage = { promptTokens: 8, outputTokens: 1, thoughtTokens: 0, totalTokens: 9 };
  const spent = { type: 'spent', model: 'gemini-3.8-flash-001', usage };
  expect(told).toEqual([spent, spent]);
});

test('a blocked prompt names its reason and category', async () => {
  const rating = { category: 'HARM_CATEGORY_DANGEROUS_CONTENT', probability: 'HIGH', blocked: true };
  const mild = { category: 'HARM_CATEGORY_HARASSMENT', probability: 'NEGLIGIBLE' };
  const fault = await faultOf(blockedPrompt('SAFETY', [mild, rating]));
  expect(fault.code).toBe('blocked');
  expect(fault.message).toBe('the service blocked the prompt: SAFETY (HARM_CATEGORY_DANGEROUS_CONTENT)');
});

test('a prompt that is blocked after text came is blocked', async () => {
  const blocked = { promptFeedback: { blockReason: 'OTHER' } };
  expect(await faultOf({ chunks: [chunkOf('Some'), blocked] })).toMatchObject({ code: 'blocked' });
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
  expect(await faultOf(noText(finishReason))).toMatchObject({ code: 'blocked', message });
  expect(await faultOf(text('Some', { finishReason }))).toMatchObject({ code: 'blocked', message });
});

test('MAX_TOKENS without text is truncated and tells what went to thoughts', async () => {
  const usage = { promptTokenCount: 8, thoughtsTokenCount: 478, totalTokenCount: 486 };
  const fault = await faultOf(noText('MAX_TOKENS', usage));
  expect(fault.code).toBe('truncated');
  expect(fault.message).toBe('max_tokens cut the reply off after 478 tokens of thoughts and no text');
  expect(fault.hint).toContain('Raise max_tokens');
});

test.each(['STOP', 'OTHER', 'MALFORMED_FUNCTION_CALL'])('an empty reply names its finish reason %s', async (reason) => {
  const fault = await faultOf(noText(reason));
  expect(fault).toMatchObject({ code: 'empty_reply', message: `the reply is empty (${reason})` });
});

test('nothing but thoughts is an empty reply', async () => {
  expect(await faultOf(text([], { thoughts: ['hm'] }))).toMatchObject({ code: 'empty_reply' });
});
