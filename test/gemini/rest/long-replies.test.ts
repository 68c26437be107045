import { describe, expect, test } from 'vitest';
import type { FinishedHop } from '../../../src/driver/request.js';
import { createChunk, type ScriptedReply, textReply, type WireReply } from '../../helpers/gemini/replies.js';
import { createGeminiFixture, createRequest, getError, model, readStream } from '../gemini-fixture.js';

const fixture = createGeminiFixture();

const signature = { text: '', thoughtSignature: 'c2ln' };
const finishedHops: FinishedHop[] = [
  { token: 'a', outputTokens: 9, turn: { role: 'model', model, text: '', native: [{ text: 'hm, ', thought: true }] } },
  {
    ...{ token: 'b', outputTokens: 9 },
    turn: { role: 'model', model, text: 'One', native: [{ text: 'well', thought: true }, { text: 'One' }, signature] },
  },
];
const laterRequest = createRequest('Write.', { finishedHops, parameters: { maxTokens: 70_000 } });

/**
 * Sends a unary and a streamed request, which the server answers with the script. Checks that both responses are equal,
 * and returns one of them.
 */
async function getSameResponse(script: ScriptedReply, request = createRequest()) {
  fixture.server.queueReplies(script, script);
  const unary = await fixture.driver().generate(request);
  const { response, error } = await readStream(fixture.driver().generateStream(request));
  expect(error).toBeUndefined();
  expect(response).toEqual(unary);
  return unary;
}

test('sends the same request for a later hop, with the continuation token of the hop before it', async () => {
  await getSameResponse(textReply('x'), { ...laterRequest, finishedHops: [] });
  await getSameResponse(textReply('x'), laterRequest);
  const [first, , later] = fixture.server.requests;
  expect(first?.body).not.toHaveProperty('continuationToken');
  expect(later?.body).toEqual({ ...first?.body, continuationToken: 'b' });
  expect(later?.body.generationConfig).toEqual({ maxOutputTokens: 70_000 });
});

test('for a hop that is not the last, returns its continuation token and only its own text', async () => {
  const script = textReply(['Two ', 'and'], { finishReason: 'CONTINUATION', continuationToken: 'c' });
  expect(await getSameResponse(script, laterRequest)).toMatchObject({
    ...{ text: 'Two and', finishReason: 'CONTINUATION', continuationToken: 'c' },
    turn: { text: 'Two and', native: [{ text: 'Two and' }] },
  });
});

test('with the last hop, returns the turn of the whole reply, including the thoughts and signatures in finishedHops', async () => {
  const response = await getSameResponse(textReply([' and', ' two.']), laterRequest);
  expect(response).toMatchObject({ text: ' and two.', finishReason: 'STOP' });
  expect(response).not.toHaveProperty('continuationToken');
  expect(response.turn).toEqual({
    ...{ role: 'model', model, text: 'One and two.' },
    native: [{ text: 'hm, well', thought: true }, { text: 'One' }, signature, { text: ' and two.' }],
  });
});

describe('a last hop without text', () => {
  test.each(['STOP', 'MAX_TOKENS'])('ends the reply with %s', async (finishReason) => {
    const response = await getSameResponse(textReply('', { finishReason }), laterRequest);
    expect(response).toMatchObject({ text: '', finishReason, turn: { text: 'One' } });
  });

  test('is an empty reply if no hop has text', async () => {
    fixture.server.queueReplies(textReply(''));
    const request = { ...laterRequest, finishedHops: finishedHops.slice(0, 1) };
    expect(await getError(fixture.driver().generate(request))).toMatchObject({ code: 'empty_reply' });
  });

  test('is an error if it was blocked', async () => {
    fixture.server.queueReplies(textReply('', { finishReason: 'SAFETY' }));
    expect(await getError(fixture.driver().generate(laterRequest))).toMatchObject({ code: 'blocked' });
  });
});

describe('a hop that another hop continues', () => {
  const options = { finishReason: 'CONTINUATION', continuationToken: 'c' };

  test('may have only thoughts', async () => {
    const usage = { promptTokenCount: 8, thoughtsTokenCount: 90, totalTokenCount: 98 };
    expect(await getSameResponse(textReply('', { ...options, usage }))).toMatchObject({
      text: '',
      continuationToken: 'c',
    });
  });

  test('is an error if it is empty', async () => {
    const script = textReply('', { ...options, usage: { promptTokenCount: 8, totalTokenCount: 8 } });
    fixture.server.queueReplies(script, script);
    const expected = {
      code: 'unavailable',
      message: 'the service sent an empty part of a long reply',
      isTransient: false,
    };
    expect(await getError(fixture.driver().generate(createRequest()))).toMatchObject(expected);
    expect((await readStream(fixture.driver().generateStream(createRequest()))).error).toMatchObject(expected);
  });
});

describe('the continuation token of a stream', () => {
  const withToken = (chunk: WireReply, continuationToken: unknown): WireReply => ({
    candidates: [{ ...chunk.candidates?.[0], continuationToken }],
  });
  const readToken = async (...chunks: WireReply[]) => {
    fixture.server.queueReplies({ chunks });
    return (await readStream(fixture.driver().generateStream(createRequest()))).response?.continuationToken;
  };
  const lastChunk = createChunk('', 'CONTINUATION');

  test('is the last one that its chunks contain', async () => {
    const [first, second] = [withToken(createChunk('A'), 'early'), withToken(createChunk('B', 'CONTINUATION'), 'late')];
    expect(await readToken(first, second)).toBe('late');
    expect(await readToken(withToken(createChunk('A'), 'early'), lastChunk)).toBe('early');
  });

  test('is absent if more text follows the token, because the request that continues from the token would repeat this text', async () => {
    expect(await readToken(withToken(createChunk('A'), 'early'), createChunk('B', 'CONTINUATION'))).toBeUndefined();
  });

  test.each([
    ['a number', 7],
    ['null', null],
    ['an empty string', ''],
  ])('is absent if the service sends %s', async (_, token) => {
    expect(await readToken(createChunk('A'), withToken(lastChunk, token))).toBeUndefined();
  });

  test('is returned only with the finish reason CONTINUATION, also in lower case', async () => {
    expect(await readToken(withToken(createChunk('A', 'MAX_TOKENS'), 'c'))).toBeUndefined();
    expect(await readToken(withToken(createChunk('A', 'continuation'), 'c'))).toBe('c');
  });
});
