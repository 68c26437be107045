import { expect, test } from 'vitest';
import type { DriverEvent } from '../../../src/driver/driver-events.js';
import { bytesPerPiece, createTurnEnd, serverContent, spokenReply } from '../../helpers/gemini/live-replies.js';
import { createGate } from '../../helpers/gemini/replies.js';
import { getError, readStream } from '../gemini-fixture.js';
import { createLiveFixture, createRequest, liveModel } from './live-fixture.js';

const fixture = createLiveFixture();

test('returns the transcript of a spoken reply, and its audio', async () => {
  const { text, audio, finishReason, usage, model, turn } = await fixture.driver().generate(createRequest());
  expect(text).toBe('Reply 1 of gemini-3.8-live to "Say hello."');
  expect(audio?.sampleRate).toBe(24_000);
  expect(audio?.pcm).toHaveLength(7 * bytesPerPiece);
  expect(audio?.pcm[0]).toBe(1);
  expect(audio?.pcm.at(-1)).toBe(7);
  expect({ finishReason, model }).toEqual({ finishReason: 'STOP', model: 'gemini-3.8-live' });
  expect(usage).toEqual({ promptTokens: 10, outputTokens: 7, thoughtTokens: 0, totalTokens: 17 });
  expect(turn).toEqual({ role: 'model', text, model: 'gemini-3.8-live' });
});

test('streams the same text, and yields each piece before the next one is sent', async () => {
  const gate = createGate();
  fixture.server.live.queueReplies(spokenReply(['a', ' b', ' c'], { gate }));
  gate.release();
  let received = '';
  for await (const { text, response } of fixture.driver().generateStream(createRequest())) {
    received += text;
    gate.release(text === ' c' ? 9 : 2);
    if (response) expect(response.text).toBe('a b c');
  }
  expect(received).toBe('a b c');
});

test('sets up speech with a transcript, the parameters and the system instruction', async () => {
  const parameters = { temperature: 0.4, maxTokens: 99, topP: 0.9, topK: 5, seed: 7 };
  await fixture.driver().generate(createRequest('Hi', { system: 'Be brief.', parameters }));
  expect(fixture.session(0).setup).toEqual({
    model: 'models/gemini-3.8-live',
    generationConfig: {
      ...{ responseModalities: ['AUDIO'], temperature: 0.4, maxOutputTokens: 99, topP: 0.9, topK: 5, seed: 7 },
    },
    systemInstruction: { role: 'user', parts: [{ text: 'Be brief.' }] },
    outputAudioTranscription: {},
    sessionResumption: {},
  });
});

test('sends no format or schema: the Live API has no structured output', async () => {
  await fixture.driver().generate(createRequest('Hi', { parameters: { format: 'json', schema: { type: 'object' } } }));
  expect(fixture.session(0).setup.generationConfig).toEqual({ responseModalities: ['AUDIO'] });
});

test('sends a prompt with earlier turns as client content with roles', async () => {
  const { turns } = createRequest('Two');
  const earlier = [
    { role: 'user', parts: [{ type: 'text', text: 'One' }] },
    { role: 'model', text: 'Uno', model: 'gemini-3.8-flash', native: [{ text: 'Uno', thoughtSignature: 'x' }] },
  ] as const;
  const { text } = await fixture.driver().generate(createRequest('', { turns: [...earlier, ...turns] }));
  expect(text).toBe('Reply 2 of gemini-3.8-live to "Two"');
  expect(fixture.session(0).messages[1]).toEqual({
    clientContent: {
      turns: [
        { role: 'user', parts: [{ text: 'One' }] },
        { role: 'model', parts: [{ text: 'Uno' }] },
        { role: 'user', parts: [{ text: 'Two' }] },
      ],
      turnComplete: true,
    },
  });
});

test('sends a picture as bytes', async () => {
  const picture = { type: 'media', mimeType: 'image/png', content: { from: 'bytes', base64: 'AAAA' } } as const;
  const parts = [picture, { type: 'text', text: 'What is it?' } as const];
  await fixture.driver().generate(createRequest('', { turns: [{ role: 'user', parts }] }));
  expect(fixture.session(0).messages[1].clientContent.turns[0].parts).toEqual([
    { inlineData: { data: 'AAAA', mimeType: 'image/png' } },
    { text: 'What is it?' },
  ]);
});

test('leaves thoughts out of the reply, but counts their tokens', async () => {
  fixture.server.live.queueReplies(spokenReply(['Hello'], { thoughts: ['Let me think.', 'So.'] }));
  const { chunks, response } = await readStream(fixture.driver().generateStream(createRequest()));
  expect(chunks.map(({ text }) => text)).toEqual(['Hello', '']);
  expect(response?.usage).toEqual({ promptTokens: 8, outputTokens: 1, thoughtTokens: 2, totalTokens: 11 });
});

test('joins text and transcript in the order of their arrival', async () => {
  const part = (text: string) => serverContent({ modelTurn: { parts: [{ text }] } });
  const transcript = (text: string) => serverContent({ outputTranscription: { text } });
  fixture.server.live.queueReplies({
    frames: [part('a'), transcript('b'), part('c'), transcript('d'), ...createTurnEnd()],
  });
  expect((await fixture.driver().generate(createRequest())).text).toBe('abcd');
});

test.each(['binary', 'text'] as const)('reads %s frames', async (as) => {
  fixture.server.live.queueReplies(spokenReply(['Grüße ', '😀'], { as }));
  expect((await fixture.driver().generate(createRequest())).text).toBe('Grüße 😀');
});

test('ignores empty server content, unknown messages and malformed parts', async () => {
  const ignored = [
    serverContent({}),
    { serverContent: null },
    {},
    { somethingNew: { a: 1 } },
    serverContent({ modelTurn: {} }),
    serverContent({
      modelTurn: { parts: [null, 7, {}, { text: 7 }, { inlineData: { mimeType: 'image/png', data: 'AA' } }] },
    }),
    serverContent({ outputTranscription: { text: null } }),
    { sessionResumptionUpdate: {} },
    { goAway: {} },
  ];
  fixture.server.live.queueReplies({ frames: [...ignored, ...spokenReply(['Hello']).frames] });
  expect((await fixture.driver().generate(createRequest())).text).toBe('Hello');
});

test('overwrites earlier token counts field by field', async () => {
  const counts = { usageMetadata: { promptTokenCount: 5, responseTokenCount: 1 } };
  fixture.server.live.queueReplies({
    frames: [counts, ...spokenReply(['Hello'], { usage: { responseTokenCount: 3 } }).frames],
  });
  const { usage } = await fixture.driver().generate(createRequest());
  expect(usage).toEqual({ promptTokens: 5, outputTokens: 3, thoughtTokens: 0, totalTokens: 8 });
});

test('reports an empty reply for a turn without text, and for speech without a transcript', async () => {
  fixture.server.live.queueReplies({ frames: createTurnEnd() }, spokenReply(['Hello'], { transcript: false }));
  const driver = fixture.driver();
  expect(await getError(driver.generate(createRequest()))).toMatchObject({
    ...{ code: 'empty_reply', message: 'the reply is empty (the turn ended without text)' },
  });
  expect(await getError(driver.generate(createRequest()))).toMatchObject({
    ...{ code: 'empty_reply', message: 'the reply is empty (speech without a transcript)' },
  });
  expect((await driver.generate(createRequest())).text).toContain('Reply 1');
});

test('reports the usage of an empty reply', async () => {
  fixture.server.live.queueReplies({ frames: createTurnEnd() });
  const events: DriverEvent[] = [];
  await getError(fixture.driver().generate(createRequest(), { emit: (event) => void events.push(event) }));
  const usage = { promptTokens: 8, outputTokens: 1, thoughtTokens: 0, totalTokens: 9 };
  expect(events).toEqual([{ type: 'spent', model: liveModel, usage }]);
});

test('reports a blocked turn', async () => {
  const turnCompleteReason = 'PROHIBITED_INPUT_CONTENT';
  fixture.server.live.queueReplies({ frames: [serverContent({ turnComplete: true, turnCompleteReason })] });
  const error = await getError(fixture.driver().generate(createRequest()));
  expect(error).toMatchObject({ code: 'blocked', message: 'the service blocked the turn: PROHIBITED_INPUT_CONTENT' });
});
