import { describe, expect, test } from 'vitest';
import { createPriceList } from '../../../src/config/price-list.js';
import type { DriverEvent } from '../../../src/driver/driver-events.js';
import { withCost } from '../../../src/driver/layers/with-cost.js';
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

test('streams the transcript, and yields each piece before the server sends the next one', async () => {
  const gate = createGate();
  fixture.server.live.queueReplies(spokenReply(['a', ' b', ' c'], { gate }));
  gate.release();
  let received = '';
  for await (const { text, response } of fixture.driver().generateStream(createRequest())) {
    received += text;
    // The frames alternate: words, sound, words, sound. After each piece, the gate lets two frames pass: the sound of
    // this piece, and the words of the next piece. After the last words, the gate lets all remaining frames pass.
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

test('sends earlier turns and the prompt as client content, without thought signatures', async () => {
  const { turns } = createRequest('Two');
  const earlier = [
    { role: 'user', parts: [{ type: 'text', text: 'One' }] },
    { role: 'model', text: 'Uno', model: 'gemini-3.8-flash', native: [{ text: 'Uno', thoughtSignature: 'x' }] },
  ] as const;
  const { text } = await fixture.driver().generate(createRequest('', { turns: [...earlier, ...turns] }));
  // The server numbers a reply by the user turns of the session, here "One" and "Two".
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

describe('the reply of a speaking model', () => {
  const part = (fields: object) => serverContent({ modelTurn: { parts: [fields] } });
  const say = (text: string, fields = {}) => serverContent({ outputTranscription: { text, ...fields } });
  const [sound] = spokenReply(['x'], { transcript: false }).frames;

  test.each([
    ['thoughts without `thought: true`', ['The user greets me. ', 'I should greet back.']],
    ['the same words', ['Hello', ' you']],
  ])('is the transcript alone, even if %s are also sent as text', async (_, [before = '', after = '']) => {
    const frames = [
      part({ text: before }),
      say('Hello'),
      sound!,
      part({ text: after }),
      say(' you', { finished: true }),
    ];
    fixture.server.live.queueReplies({ frames: [...frames, ...createTurnEnd()] });
    const { chunks, response } = await readStream(fixture.driver().generateStream(createRequest()));
    expect(chunks.map(({ text }) => text)).toEqual(['Hello', ' you', '']);
    expect(response?.text).toBe('Hello you');
    expect(response?.turn.text).toBe('Hello you');
  });

  test('is the written text if the turn ends without a transcript', async () => {
    const frames = [part({ text: 'No', thought: true }), part({ text: 'Hello' }), part({ text: ' you' })];
    fixture.server.live.queueReplies({ frames: [...frames, ...createTurnEnd()] });
    const { chunks, response } = await readStream(fixture.driver().generateStream(createRequest()));
    expect(chunks.map(({ text }) => text)).toEqual(['Hello you']);
    expect(response?.text).toBe('Hello you');
  });

  test('is the transcript if a model that was asked for text speaks instead', async () => {
    fixture.server.live.textReplyAllowed.add(liveModel);
    const modes = { get: () => ({ replyModality: 'TEXT', promptsAs: 'clientContent' }) as const, set: () => {} };
    fixture.server.live.queueReplies(spokenReply(['Hello', ' you']));
    expect((await fixture.driver({ liveModeCache: modes }).generate(createRequest())).text).toBe('Hello you');
    expect(fixture.session(0).setup.generationConfig.responseModalities).toEqual(['TEXT']);
  });
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
    { sessionResumptionUpdate: { resumable: true, newHandle: 7 } },
    { goAway: {} },
    { goAway: null },
    // The SDK's message class has getters with these names.
    { text: 'No', data: 'No' },
    { usageMetadata: 'x' },
    serverContent({ turnCompleteReason: { a: 1 }, interactionStatus: 7, outputTranscription: [] }),
    serverContent({ modelTurn: { parts: [{ inlineData: { mimeType: ['audio/pcm'], data: [] } }] } }),
    serverContent({ modelTurn: { parts: [{ inlineData: { mimeType: 'audio/pcm;rate=0', data: '' } }] } }),
  ];
  fixture.server.live.queueReplies({ frames: [...ignored, ...spokenReply(['Hello']).frames] });
  expect((await fixture.driver().generate(createRequest())).text).toBe('Hello');
});

test('overwrites earlier token counts field by field, but not with null', async () => {
  const counts = { usageMetadata: { promptTokenCount: 5, responseTokenCount: 1 } };
  fixture.server.live.queueReplies({
    frames: [counts, ...spokenReply(['Hello'], { usage: { promptTokenCount: null, responseTokenCount: 3 } }).frames],
  });
  const { usage } = await fixture.driver().generate(createRequest());
  expect(usage).toEqual({ promptTokens: 5, outputTokens: 3, thoughtTokens: 0, totalTokens: 8 });
});

test.each([
  ['a turn without text', { frames: createTurnEnd() }, 'the turn ended without text'],
  [
    'white space',
    { frames: [serverContent({ outputTranscription: { text: ' \n\t', finished: true } }), ...createTurnEnd()] },
    'the turn ended without text',
  ],
  [
    'a turn that needs more input',
    { frames: [serverContent({ turnComplete: true, turnCompleteReason: 'NEED_MORE_INPUT' })] },
    'NEED_MORE_INPUT',
  ],
])('reports an empty reply for %s, and serves the next call', async (_, script, detail) => {
  fixture.server.live.queueReplies(script);
  const driver = fixture.driver();
  const error = await getError(driver.generate(createRequest()));
  expect(error).toMatchObject({ code: 'empty_reply', message: `the reply is empty (${detail})` });
  expect((await driver.generate(createRequest())).text).toContain('Reply 1');
});

test('calculates the cost of speech from token counts by modality; without them, reports no cost', async () => {
  const driver = withCost({ getPrice: createPriceList().getReplyPrice }, fixture.driver());
  const request = createRequest('Hi', { model: 'gemini-3.1-flash-live-preview' });
  const counts = { promptTokenCount: 522, responseTokenCount: 42, thoughtsTokenCount: 136, totalTokenCount: 564 };
  const usage = {
    ...counts,
    promptTokensDetails: [
      { modality: 'TEXT', tokenCount: 332 },
      { modality: 'AUDIO', tokenCount: 165 },
    ],
    responseTokensDetails: [{ modality: 'AUDIO', tokenCount: 42 }],
  };
  fixture.server.live.queueReplies(spokenReply(['Hello'], { usage }), spokenReply(['Hello'], { usage: counts }));
  // Input and output cost $0.75 and $4.50 as text, $3 and $12 as audio. 25 tokens of the prompt have no modality and
  // count as audio.
  const microdollars = 332 * 0.75 + (165 + 25) * 3 + 42 * 12 + 136 * 4.5;
  const reply = await driver.generate(request);
  expect(reply.costUsd).toBeCloseTo(microdollars / 1e6, 9);
  expect(reply.usage).toEqual({ promptTokens: 522, outputTokens: 42, thoughtTokens: 136, totalTokens: 564 });
  expect(await driver.generate(request)).not.toHaveProperty('costUsd');
});

test('reports the usage of an empty reply', async () => {
  fixture.server.live.queueReplies({ frames: createTurnEnd() });
  const events: DriverEvent[] = [];
  await getError(fixture.driver().generate(createRequest(), { emit: (event) => void events.push(event) }));
  const usage = { promptTokens: 8, outputTokens: 1, thoughtTokens: 0, totalTokens: 9 };
  expect(events).toEqual([{ type: 'spent', model: liveModel, usage }]);
});

test.each(['PROHIBITED_INPUT_CONTENT', 'input_other', 'GENERATED_AUDIO_SAFETY', 'RESPONSE_REJECTED'])(
  'reports a turn that is blocked because of %s',
  async (turnCompleteReason) => {
    const [firstFrame] = spokenReply(['Hello']).frames;
    fixture.server.live.queueReplies({
      frames: [firstFrame!, serverContent({ turnComplete: true, turnCompleteReason })],
    });
    const error = await getError(fixture.driver().generate(createRequest()));
    expect(error).toMatchObject({ code: 'blocked', message: `the service blocked the turn: ${turnCompleteReason}` });
  },
);

test.each([
  ['TURN_COMPLETE_REASON_UNSPECIFIED', 'STOP'],
  ['NEED_MORE_INPUT', 'NEED_MORE_INPUT'],
  ['Something_New', 'Something_New'],
])('reports the reason %s as the finish reason %s', async (turnCompleteReason, finishReason) => {
  const [firstFrame] = spokenReply(['Hello']).frames;
  fixture.server.live.queueReplies({
    frames: [firstFrame!, serverContent({ turnComplete: true, turnCompleteReason })],
  });
  expect(await fixture.driver().generate(createRequest())).toMatchObject({ text: 'Hello', finishReason });
});
