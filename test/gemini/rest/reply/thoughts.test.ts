import { describe, expect, test } from 'vitest';
import type { DriverEvent } from '../../../../src/driver/driver-events.js';
import type { GenerateRequest } from '../../../../src/driver/request.js';
import { type ScriptedReply, textReply } from '../../../helpers/gemini/replies.js';
import { createGeminiFixture, createRequest, createUserTurn, getError, model } from '../../gemini-fixture.js';

const fixture = createGeminiFixture();
const request = createRequest('Hi', { includeThoughts: true });

/**
 * Sends a request that the server answers with `script`. Returns the response, and the events and the texts of chunks
 * in the order in which they arrive.
 */
async function send(script: ScriptedReply, { streaming = false, sent = request, apiKey = 'test-key' } = {}) {
  const received: (DriverEvent | string)[] = [];
  const context = { emit: (event: DriverEvent) => void received.push(event) };
  fixture.server.queueReplies(script);
  const driver = fixture.driver({ apiKey });
  if (!streaming) return { response: await driver.generate(sent, context), received };
  for await (const { text, response } of driver.generateStream(sent, context)) {
    if (text !== '') received.push(text);
    if (response) return { response, received };
  }
  throw new Error('the stream did not finish');
}

describe('a request for thoughts', () => {
  test('is part of the thinking config', async () => {
    const parametersList: GenerateRequest['parameters'][] = [{}, { thinking: 'low' }, { thinking: 512 }];
    for (const parameters of parametersList) await fixture.driver().generate({ ...request, parameters });
    await fixture.driver().generate(createRequest('Hi'));
    expect(fixture.server.generateRequests.map(({ body }) => body.generationConfig)).toEqual([
      { thinkingConfig: { includeThoughts: true } },
      { thinkingConfig: { thinkingLevel: 'LOW', includeThoughts: true } },
      { thinkingConfig: { thinkingBudget: 512, includeThoughts: true } },
      {},
    ]);
  });

  test('is left out for a model that is known to reject it', async () => {
    // The server does not know this model, so the call fails. The test needs only the request that was sent.
    fixture.server.queueListReplies({ body: { models: [] } });
    await getError(fixture.driver().generate({ ...request, model: 'gemini-2.0-flash' }));
    expect(fixture.server.requests[0]?.body.generationConfig).toEqual({});
  });
});

describe('thoughts', () => {
  const script = textReply(['The ', 'reply'], { thoughts: ['**Plan**\n\nFirst ', 'this.'] });

  test('are one event if the reply is not streamed, and in a stream one event for each piece that arrives', async () => {
    const unary = await send(script);
    expect(unary.received).toEqual([{ type: 'thought', text: '**Plan**\n\nFirst this.' }]);
    const streamed = await send(script, { streaming: true });
    expect(streamed.received).toEqual([
      { type: 'thought', text: '**Plan**\n\nFirst ' },
      { type: 'thought', text: 'this.' },
      ...['The ', 'reply'],
    ]);
    expect(streamed.response).toEqual(unary.response);
    expect(unary.response.text).toBe('The reply');
    expect(unary.response.turn.native).toEqual([{ text: 'The reply' }]);
  });

  test('are reported even if no text follows', async () => {
    const events: DriverEvent[] = [];
    fixture.server.queueReplies(textReply([], { thoughts: ['Only this.'], finishReason: 'MAX_TOKENS' }));
    const error = await getError(fixture.driver().generate(request, { emit: (event) => void events.push(event) }));
    expect(error.code).toBe('truncated');
    expect(events[0]).toEqual({ type: 'thought', text: 'Only this.' });
  });

  test.each([{ streaming: false }, { streaming: true }])(
    'that nobody asked for are left out, and one note says so (streaming: $streaming)',
    async ({ streaming }) => {
      const { response, received } = await send(script, { streaming, sent: createRequest('Hi') });
      expect(response.text).toBe('The reply');
      expect(received.filter((event) => typeof event !== 'string')).toEqual([
        { type: 'note', about: 'reply', message: expect.stringContaining('thoughts that were not requested') },
      ]);
    },
  );

  test('do not contain the key, not even split between two pieces', async () => {
    const apiKey = 'AIza0123456789abcdefghijklmnopqrstuvwxyz';
    const split = textReply('done', {
      thoughts: [`The key ${apiKey.slice(0, 20)}`, `${apiKey.slice(20)} is`, ' odd AI'],
    });
    const { received } = await send(split, { streaming: true, apiKey });
    const thoughts = received.flatMap((event) =>
      typeof event !== 'string' && event.type === 'thought' ? event.text : [],
    );
    expect(thoughts.join('')).toMatch(/^The key [^A]* is odd AI$/);
    expect(JSON.stringify(received)).not.toContain(apiKey.slice(20));
    // The last `AI` could begin the key, so it is held back until the reply begins. It still comes before the reply.
    expect(received.at(-1)).toBe('done');
  });
});

describe('the turn that is sent back', () => {
  test('has the signatures and the other parts, but no thoughts', async () => {
    const parts = [
      { text: 'Hm.', thought: true, thoughtSignature: 'c2ln' },
      { text: 'Well.', thought: true },
      { text: 'Yes', thoughtSignature: 'dHdv' },
    ];
    const { response } = await send({
      chunks: [{ candidates: [{ content: { role: 'model', parts }, finishReason: 'STOP' }] }],
    });
    const kept = [
      { text: '', thoughtSignature: 'c2ln' },
      { text: 'Yes', thoughtSignature: 'dHdv' },
    ];
    expect(response.turn.native).toEqual(kept);
    await fixture.driver().generate({ ...request, turns: [...request.turns, response.turn, createUserTurn('Why?')] });
    expect(fixture.server.generateRequests[1]?.body.contents[1]).toEqual({ role: 'model', parts: kept });
  });

  test('has no thoughts even if an earlier version of boticelli stored them in it', async () => {
    const native = [{ text: 'Hm.', thought: true }, { text: 'Yes' }];
    const turns = [
      createUserTurn('Hi'),
      { role: 'model', text: 'Yes', model, native } as const,
      createUserTurn('Why?'),
    ];
    await fixture.driver().generate({ ...request, turns });
    expect(fixture.server.generateRequests[0]?.body.contents[1].parts).toEqual([{ text: 'Yes' }]);
  });
});
