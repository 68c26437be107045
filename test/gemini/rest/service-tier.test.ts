import { describe, expect, test, vi } from 'vitest';
import type { DriverEvent } from '../../../src/driver/driver-events.js';
import type { GenerateRequest } from '../../../src/driver/request.js';
import { type ScriptedReply, textReply } from '../../helpers/gemini/replies.js';
import { createGeminiFixture, createRequest, getError, readStream } from '../gemini-fixture.js';

const fixture = createGeminiFixture();
const createTierRequest = (...serviceTiers: NonNullable<GenerateRequest['serviceTiers']>) =>
  createRequest('Hi', { serviceTiers });

/**
 * Sends the request unary and streamed, and the server answers both with the script. Expects equal responses, and
 * returns their tier.
 */
async function getServedTier(script: ScriptedReply, request: GenerateRequest) {
  fixture.server.queueReplies(script, script);
  const unary = await fixture.driver().generate(request);
  const streamed = await readStream(fixture.driver().generateStream(request));
  expect(streamed.response).toEqual(unary);
  return unary.tokenDetails?.serviceTier;
}

test('sends the first of the requested tiers as `serviceTier`, and no tier by default', async () => {
  await fixture.driver().generate(createTierRequest('flex', 'standard'));
  await readStream(fixture.driver().generateStream(createTierRequest('priority')));
  await fixture.driver().generate(createRequest('Hi'));
  const content = { contents: [{ role: 'user', parts: [{ text: 'Hi' }] }], generationConfig: {} };
  expect(fixture.server.generateRequests.map(({ body }) => body)).toEqual([
    { ...content, serviceTier: 'flex' },
    { ...content, serviceTier: 'priority' },
    content,
  ]);
});

describe('the tier that served the request', () => {
  const header = (value: string) => ({ headers: { 'X-Gemini-Service-Tier': value } });

  test('is the one of the header', async () => {
    expect(await getServedTier(textReply('a', header('standard')), createTierRequest('priority'))).toBe('standard');
    expect(await getServedTier(textReply('a', header('FLEX')), createRequest())).toBe('flex');
  });

  test('is the one of the usage if there is no header', async () => {
    const usage = { promptTokenCount: 1, candidatesTokenCount: 1, serviceTier: 'STANDARD' };
    expect(await getServedTier(textReply('a', { usage }), createTierRequest('flex'))).toBe('standard');
    expect(await getServedTier(textReply('a', { usage, ...header('flex') }), createTierRequest('flex'))).toBe('flex');
  });

  test('is the requested one if the service states no tier or an unknown one, and undefined if none was requested', async () => {
    expect(await getServedTier(textReply('a'), createTierRequest('flex'))).toBe('flex');
    expect(await getServedTier(textReply('a', header('paid')), createTierRequest('flex'))).toBe('flex');
    expect(await getServedTier(textReply('a', header('paid')), createRequest())).toBeUndefined();
    expect(await getServedTier(textReply('a'), createRequest())).toBeUndefined();
  });

  test('is part of the usage of an unusable reply', async () => {
    const events: DriverEvent[] = [];
    fixture.server.queueReplies(textReply(' '));
    const context = { emit: (event: DriverEvent) => void events.push(event) };
    expect((await getError(fixture.driver().generate(createTierRequest('flex'), context))).code).toBe('empty_reply');
    expect(events).toMatchObject([{ type: 'spent', tokenDetails: { serviceTier: 'flex' } }]);
  });
});

describe('the time limit', () => {
  const stalled: ScriptedReply = { chunks: [], end: 'stall-before-headers' };

  test('is 15 minutes for flex, sent to the service in a header, and 5 minutes for other tiers', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      for (const { request, minutes } of [
        { request: createTierRequest('flex'), minutes: 15 },
        { request: createTierRequest('standard'), minutes: 5 },
      ]) {
        fixture.server.queueReplies(stalled);
        const failed = getError(fixture.driver().generate(request));
        await fixture.server.waitForRequests(fixture.server.requests.length + 1);
        vi.advanceTimersByTime(minutes * 60_000);
        expect((await failed).message).toBe(`no complete reply within ${minutes * 60} s`);
      }
    } finally {
      vi.useRealTimers();
    }
    const limits = fixture.server.generateRequests.map(({ headers }) => headers['x-server-timeout']);
    expect(limits).toEqual(['900', undefined]);
  });

  test('is timeoutMs for flex too, if it is given', async () => {
    fixture.server.queueReplies(stalled);
    const { message } = await getError(fixture.driver({ timeoutMs: 50 }).generate(createTierRequest('flex')));
    expect(message).toBe('no complete reply within 0.05 s');
  });
});
