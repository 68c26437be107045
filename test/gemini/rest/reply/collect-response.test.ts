import { afterEach, describe, expect, test, vi } from 'vitest';
import type { DriverEvent } from '../../../../src/driver/driver-events.js';
import {
  blockedPromptReply,
  createChunk,
  emptyReply,
  formatSseEvent,
  packetReply,
  type ScriptedReply,
  textReply,
  type WirePart,
} from '../../../helpers/gemini/replies.js';
import { createGeminiFixture, createRequest, getError, model, readStream } from '../../gemini-fixture.js';

const fixture = createGeminiFixture();
// The SDK's getter `text` warns on the console about parts that are not text, so the driver must not use it.
const warn = vi.spyOn(console, 'warn');
afterEach(() => expect(warn).not.toHaveBeenCalled());

/**
 * Sends a unary and a streamed request, which the server answers with the script. Checks that both responses are equal,
 * and returns one of them.
 */
async function getSameResponse(script: ScriptedReply) {
  fixture.server.queueReplies(script, script);
  const unary = await fixture.driver().generate(createRequest());
  const streamed = await readStream(fixture.driver().generateStream(createRequest()));
  expect(streamed.error).toBeUndefined();
  expect(streamed.response).toEqual(unary);
  expect(streamed.text).toBe(unary.text);
  return unary;
}

/**
 * Sends a unary and a streamed request, which the server answers with the script. Checks that both errors are equal and
 * permanent, and returns one of them.
 */
async function errorOf(script: ScriptedReply) {
  fixture.server.queueReplies(script, script);
  const unary = await getError(fixture.driver().generate(createRequest()));
  const { error } = await readStream(fixture.driver().generateStream(createRequest()));
  expect(error).toMatchObject({ code: unary.code, message: unary.message, hint: unary.hint });
  expect(unary.isTransient).toBe(false);
  return unary;
}

test('returns text, model, finish reason and usage', async () => {
  const usage = { promptTokenCount: 7, candidatesTokenCount: 3, thoughtsTokenCount: 40, totalTokenCount: 50 };
  expect(
    await getSameResponse(textReply(['Hello', ' you\n'], { usage, modelVersion: 'models/gemini-3.8-flash-001' })),
  ).toEqual({
    text: 'Hello you\n',
    model: 'gemini-3.8-flash-001',
    finishReason: 'STOP',
    usage: { promptTokens: 7, outputTokens: 3, thoughtTokens: 40, totalTokens: 50 },
    turn: { role: 'model', text: 'Hello you\n', model, native: [{ text: 'Hello you\n' }] },
  });
});

test('keeps thoughts out of the text and of the turn', async () => {
  const reply = await getSameResponse(textReply(['A', 'B'], { thoughts: ['hm, ', 'well'] }));
  expect(reply.text).toBe('AB');
  expect(reply.turn.native).toEqual([{ text: 'AB' }]);
});

test('keeps a thought signature on its part, even on a part without text', async () => {
  const reply = await getSameResponse(textReply(['A', 'B'], { thoughtSignature: 'c2ln' }));
  expect(reply.turn.native).toEqual([{ text: 'AB' }, { text: '', thoughtSignature: 'c2ln' }]);
});

test('does not join a signed part with its neighbours', async () => {
  const part = (fields: WirePart) => ({ candidates: [{ content: { parts: [fields] }, finishReason: 'STOP' }] });
  const chunks = [
    part({ text: 'A' }),
    part({ text: 'B', thoughtSignature: 's' }),
    part({ text: 'C' }),
    part({ text: 'D' }),
  ];
  const reply = await getSameResponse({ chunks });
  expect(reply.text).toBe('ABCD');
  expect(reply.turn.native).toEqual([{ text: 'A' }, { text: 'B', thoughtSignature: 's' }, { text: 'CD' }]);
});

test('takes the last value of each usage count', async () => {
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

test('keeps a usage count that a later chunk gives as null', async () => {
  const first = { ...createChunk('x'), usageMetadata: { promptTokenCount: 7, candidatesTokenCount: 1 } };
  const usageMetadata = { promptTokenCount: null, candidatesTokenCount: 2, thoughtsTokenCount: null };
  const last = { ...createChunk('x', 'STOP'), usageMetadata };
  fixture.server.queueReplies(packetReply(formatSseEvent(first), formatSseEvent(last)));
  const { response } = await readStream(fixture.driver().generateStream(createRequest()));
  expect(response?.usage).toEqual({ promptTokens: 7, outputTokens: 2, thoughtTokens: 0, totalTokens: 9 });
});

test('reports the requested model and no counts if the service states neither a model nor counts', async () => {
  fixture.server.queueReplies({ body: createChunk('Hi', 'STOP') });
  const reply = await fixture.driver().generate(createRequest('Hi', { model: `models/${model}` }));
  expect(reply).toMatchObject({ model, turn: { model } });
  expect(reply.usage).toEqual({});
});

test.each(['OTHER', 'LANGUAGE', 'SOMETHING_NEW', 'MAX_TOKENS', 'stop', 'Max_Tokens'])(
  'accepts text with the finish reason %s, and keeps the spelling of the reason',
  async (finishReason) => {
    expect(await getSameResponse(textReply('Hello', { finishReason }))).toMatchObject({ text: 'Hello', finishReason });
  },
);

test('keeps unknown parts and ignores unknown fields', async () => {
  const parts = [{ text: 'A' }, { somethingNew: { x: 1 } }, { inlineData: { mimeType: 'image/png', data: 'AA==' } }];
  const reply = await getSameResponse({
    chunks: [{ candidates: [{ content: { parts }, finishReason: 'STOP', novelty: [1] }], newField: { a: null } }],
  });
  expect(reply.text).toBe('A');
  expect(reply.turn.native).toEqual(parts);
});

test.each([undefined, null, '', ' ', 'FINISH_REASON_UNSPECIFIED', 'finish_reason_unspecified', 7, {}])(
  'reports a reply with the finish reason %j as incomplete',
  async (finishReason) => {
    const body = { candidates: [{ content: { parts: [{ text: 'Some' }] }, finishReason }] };
    fixture.server.queueReplies({ body }, packetReply(formatSseEvent(body)));
    const unary = await getError(fixture.driver().generate(createRequest()));
    expect(unary).toMatchObject({ code: 'unavailable', isTransient: true });
    expect(unary.message).toMatch(/^incomplete response from 127\.0\.0\.1:\d+: it has no finish reason$/);
    const { error } = await readStream(fixture.driver().generateStream(createRequest()));
    expect(error).toMatchObject({ code: 'stream_interrupted', isTransient: true, partialText: 'Some' });
  },
);

test('keeps a finish reason that later chunks leave empty', async () => {
  const last = { candidates: [{ finishReason: '', content: null }], usageMetadata: null };
  fixture.server.queueReplies(packetReply(formatSseEvent(createChunk('Hi', 'STOP')), formatSseEvent(last)));
  const { response } = await readStream(fixture.driver().generateStream(createRequest()));
  expect(response).toMatchObject({ text: 'Hi', finishReason: 'STOP' });
});

test('emits the usage of an unusable reply, if the service reported it', async () => {
  const withUsage = textReply('', { modelVersion: 'gemini-3.8-flash-001' });
  const withoutUsage = { chunks: [createChunk('', 'STOP')] };
  fixture.server.queueReplies(withUsage, withUsage, withoutUsage);
  const events: DriverEvent[] = [];
  const context = { emit: (event: DriverEvent) => void events.push(event) };
  await getError(fixture.driver().generate(createRequest(), context));
  expect((await readStream(fixture.driver().generateStream(createRequest(), context))).error?.code).toBe('empty_reply');
  await getError(fixture.driver().generate(createRequest(), context));
  const usage = { promptTokens: 8, outputTokens: 1, thoughtTokens: 0, totalTokens: 9 };
  const spent = { type: 'spent', model: 'gemini-3.8-flash-001', usage };
  expect(events).toEqual([spent, spent]);
});

test('names the reason and category of a blocked prompt', async () => {
  const blockingRating = { category: 'HARM_CATEGORY_DANGEROUS_CONTENT', probability: 'HIGH', blocked: true };
  const mildRating = { category: 'HARM_CATEGORY_HARASSMENT', probability: 'NEGLIGIBLE' };
  const error = await errorOf(blockedPromptReply('SAFETY', [mildRating, blockingRating]));
  expect(error.code).toBe('blocked');
  expect(error.message).toBe('the service blocked the prompt: SAFETY (HARM_CATEGORY_DANGEROUS_CONTENT)');
});

test.each(['BLOCK_REASON_UNSPECIFIED', 'BLOCKED_REASON_UNSPECIFIED', 'block_reason_unspecified', '', null])(
  'accepts text beside the block reason %j, which blocks nothing',
  async (blockReason) => {
    const chunk = { ...createChunk('Hi', 'STOP'), promptFeedback: { blockReason } };
    expect((await getSameResponse({ chunks: [chunk] })).text).toBe('Hi');
  },
);

test('rejects a prompt that is blocked after some text', async () => {
  const blocked = { promptFeedback: { blockReason: 'OTHER' } };
  expect(await errorOf({ chunks: [createChunk('Some'), blocked] })).toMatchObject({ code: 'blocked' });
});

test.each([
  'SAFETY',
  'RECITATION',
  'BLOCKLIST',
  'PROHIBITED_CONTENT',
  'SPII',
  'IMAGE_SAFETY',
  'IMAGE_PROHIBITED_CONTENT',
  'IMAGE_RECITATION',
  'safety',
])('rejects a reply that ends with %s, with or without text', async (finishReason) => {
  const message = `the service blocked the reply: ${finishReason}`;
  expect(await errorOf(emptyReply(finishReason))).toMatchObject({ code: 'blocked', message });
  expect(await errorOf(textReply('Some', { finishReason }))).toMatchObject({ code: 'blocked', message });
});

test('reports MAX_TOKENS without text as truncated, with the thought tokens', async () => {
  const usage = { promptTokenCount: 8, thoughtsTokenCount: 478, totalTokenCount: 486 };
  const error = await errorOf(emptyReply('MAX_TOKENS', usage));
  expect(error.code).toBe('truncated');
  expect(error.message).toBe('max_tokens was reached before any text, after 478 thought tokens');
  expect(error.hint).toContain('Raise max_tokens');
  expect(await errorOf(textReply('\n', { finishReason: 'max_tokens' }))).toMatchObject({ code: 'truncated' });
});

test.each(['STOP', 'OTHER', 'MALFORMED_FUNCTION_CALL'])(
  'names the finish reason %s of an empty reply',
  async (reason) => {
    const error = await errorOf(emptyReply(reason));
    expect(error).toMatchObject({ code: 'empty_reply', message: `the reply is empty (${reason})` });
  },
);

test('reports a reply that consists only of thoughts as empty', async () => {
  expect(await errorOf(textReply([], { thoughts: ['hm'] }))).toMatchObject({ code: 'empty_reply' });
});

test.each(['', ' \n', '\u00a0\t'])('reports a reply of white space alone as empty: %j', async (text) => {
  const error = await errorOf(textReply(['', text]));
  expect(error).toMatchObject({ code: 'empty_reply', message: 'the reply is empty (STOP)' });
});

describe("the service's explanations", () => {
  const reply = (finishReason: string, parts: WirePart[], finishMessage: unknown = 'Words\nof the service.') => ({
    chunks: [{ candidates: [{ content: { parts }, finishReason, finishMessage }] }],
  });

  test('are in the error of an empty and of a blocked reply', async () => {
    const empty = await errorOf(reply('MALFORMED_FUNCTION_CALL', []));
    expect(empty.message).toBe('the reply is empty (MALFORMED_FUNCTION_CALL: Words of the service)');
    const blocked = await errorOf(reply('SAFETY', [{ text: 'Some' }]));
    expect(blocked.message).toBe('the service blocked the reply: SAFETY: Words of the service');
  });

  test('are in the error of a blocked prompt', async () => {
    const rating = { category: 'HARM_CATEGORY_HARASSMENT', blocked: true };
    const promptFeedback = { blockReason: 'OTHER', blockReasonMessage: 'It names a person.', safetyRatings: [rating] };
    const error = await errorOf({ chunks: [{ promptFeedback }] });
    expect(error.message).toBe('the service blocked the prompt: OTHER (HARM_CATEGORY_HARASSMENT): It names a person');
  });

  test('are in the response, without the key', async () => {
    const response = await getSameResponse(reply('OTHER', [{ text: 'Hi' }], 'No test-key here.'));
    expect(response).toMatchObject({ text: 'Hi', finishMessage: 'No [key] here' });
  });

  test.each([null, 7, '', {}])('are ignored if they are not text: %j', async (finishMessage) => {
    expect(await getSameResponse(reply('STOP', [{ text: 'Hi' }], finishMessage))).not.toHaveProperty('finishMessage');
  });

  test('are not read from the text of a reply, even if this text is JSON with a field `finishMessage`', async () => {
    const text = '{"candidates": [{"finishMessage": "x"}]}';
    expect(await getSameResponse(textReply(text))).not.toHaveProperty('finishMessage');
  });
});

describe('parts that are neither text nor inline media', () => {
  const picture = { inlineData: { mimeType: 'image/png', data: 'AA==' } };
  const call = { functionCall: { name: 'search', args: {} }, thoughtSignature: 'c2ln' };

  test('are named in one warning if the reply has text', async () => {
    const notes: DriverEvent[] = [];
    const context = { emit: (event: DriverEvent) => void notes.push(event) };
    const chunks = [
      createChunk('Hi'),
      { candidates: [{ content: { parts: [picture, call] } }] },
      { candidates: [{ content: { parts: [picture] }, finishReason: 'STOP' }] },
    ];
    fixture.server.queueReplies({ chunks }, { chunks });
    await fixture.driver().generate(createRequest(), context);
    await readStream(fixture.driver().generateStream(createRequest(), context));
    const message = 'the reply also has 1 function call (search); only its text and media are shown';
    const note = { type: 'note', about: 'reply', message, warning: true };
    expect(notes).toEqual([note, note]);
  });

  test('are named in the error `empty_reply` if the reply has no text except white space and thoughts', async () => {
    // Unlike `inlineData`, `fileData` contains no picture: it only refers to one.
    const parts = [{ text: ' ' }, { fileData: { mimeType: 'image/png' } }, { text: 'hm', thought: true }];
    const error = await errorOf({ chunks: [{ candidates: [{ content: { parts }, finishReason: 'STOP' }] }] });
    expect(error).toMatchObject({
      code: 'empty_reply',
      message: 'the reply has no text, only 1 picture (image/png) (STOP)',
    });
  });
});

describe('nulls and values of a wrong type', () => {
  test('do not hide the text', async () => {
    const body = {
      candidates: [null, { content: { parts: [null, { text: null }, { text: 'x' }] }, finishReason: 'STOP' }],
      promptFeedback: null,
      usageMetadata: null,
      modelVersion: null,
    };
    fixture.server.queueReplies({ body }, packetReply(formatSseEvent(body)));
    const unary = await fixture.driver().generate(createRequest());
    expect(unary).toMatchObject({ text: 'x', model, turn: { native: [{ text: 'x' }] } });
    expect((await readStream(fixture.driver().generateStream(createRequest()))).response).toEqual(unary);
  });

  test.each<[unknown]>([[null], [[null]], [[{ category: null, blocked: true }]], [{}], ['x']])(
    'do not hide a block: safety ratings %j',
    async (safetyRatings) => {
      const promptFeedback = { blockReason: 'SAFETY', safetyRatings };
      expect((await errorOf({ chunks: [{ promptFeedback }] })).message).toBe('the service blocked the prompt: SAFETY');
      const error = await errorOf({ chunks: [{ candidates: [{ finishReason: 'SAFETY', safetyRatings }] }] });
      expect(error.message).toBe('the service blocked the reply: SAFETY');
    },
  );
});
