import { expect, test } from 'vitest';
import type { DriverEvent } from '../../../src/driver/events.js';
import { createGate } from '../../helpers/gemini-gate.js';
import { bytesAPiece, content, spoken, turnEnd } from '../../helpers/live-replies.js';
import { failureOf, play } from '../gemini-stage.js';
import { ask, liveModel, setLiveStage } from './live-stage.js';

const stage = setLiveStage();

test('a spoken reply is its transcript, with the sound beside it', async () => {
  const { text, audio, finishReason, usage, model, turn } = await stage.driver().generate(ask());
  expect(text).toBe('Reply 1 of gemini-3.8-live to "Say hello."');
  expect(audio?.sampleRate).toBe(24_000);
  expect(audio?.pcm).toHaveLength(7 * bytesAPiece);
  expect(audio?.pcm[0]).toBe(1);
  expect(audio?.pcm.at(-1)).toBe(7);
  expect({ finishReason, model }).toEqual({ finishReason: 'STOP', model: 'gemini-3.8-live' });
  expect(usage).toEqual({ promptTokens: 10, outputTokens: 7, thoughtTokens: 0, totalTokens: 17 });
  expect(turn).toEqual({ role: 'model', text, model: 'gemini-3.8-live' });
});

test('a stream has the same text, and hands each piece out before the next one is sent', async () => {
  const gate = createGate();
  stage.server.live.reply(spoken(['a', ' b', ' c'], { gate }));
  gate.next();
  let seen = '';
  for await (const { text, response } of stage.driver().generateStream(ask())) {
    seen += text;
    gate.next(text === ' c' ? 9 : 2);
    if (response) expect(response.text).toBe('a b c');
  }
  expect(seen).toBe('a b c');
});

test('the setup asks for speech with its transcript, with the parameters and the system instruction', async () => {
  const parameters = { temperature: 0.4, maxTokens: 99, topP: 0.9, topK: 5, seed: 7 };
  await stage.driver().generate(ask('Hi', { system: 'Be brief.', parameters }));
  expect(stage.session(0).setup).toEqual({
    model: 'models/gemini-3.8-live',
    generationConfig: {
      ...{ responseModalities: ['AUDIO'], temperature: 0.4, maxOutputTokens: 99, topP: 0.9, topK: 5, seed: 7 },
    },
    systemInstruction: { role: 'user', parts: [{ text: 'Be brief.' }] },
    outputAudioTranscription: {},
    sessionResumption: {},
  });
});

test('format and schema stay out: the Live API has no structured output', async () => {
  await stage.driver().generate(ask('Hi', { parameters: { format: 'json', schema: { type: 'object' } } }));
  expect(stage.session(0).setup.generationConfig).toEqual({ responseModalities: ['AUDIO'] });
});

test('a prompt with earlier turns goes in as client content, roles and all', async () => {
  const { turns } = ask('Two');
  const earlier = [
    { role: 'user', parts: [{ type: 'text', text: 'One' }] },
    { role: 'model', text: 'Uno', model: 'gemini-3.8-flash', native: [{ text: 'Uno', thoughtSignature: 'x' }] },
  ] as const;
  const { text } = await stage.driver().generate(ask('', { turns: [...earlier, ...turns] }));
  expect(text).toBe('Reply 2 of gemini-3.8-live to "Two"');
  expect(stage.session(0).messages[1]).toEqual({
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

test('a picture goes in as its bytes', async () => {
  const picture = { type: 'media', mimeType: 'image/png', content: { from: 'bytes', base64: 'AAAA' } } as const;
  const parts = [picture, { type: 'text', text: 'What is it?' } as const];
  await stage.driver().generate(ask('', { turns: [{ role: 'user', parts }] }));
  expect(stage.session(0).messages[1].clientContent.turns[0].parts).toEqual([
    { inlineData: { data: 'AAAA', mimeType: 'image/png' } },
    { text: 'What is it?' },
  ]);
});

test('thoughts are no part of the reply, but are counted', async () => {
  stage.server.live.reply(spoken(['Hello'], { thoughts: ['Let me think.', 'So.'] }));
  const { chunks, response } = await play(stage.driver().generateStream(ask()));
  expect(chunks.map(({ text }) => text)).toEqual(['Hello', '']);
  expect(response?.usage).toEqual({ promptTokens: 8, outputTokens: 1, thoughtTokens: 2, totalTokens: 11 });
});

test('text and transcript are joined in the order in which they come', async () => {
  const part = (text: string) => content({ modelTurn: { parts: [{ text }] } });
  const transcript = (text: string) => content({ outputTranscription: { text } });
  stage.server.live.reply({ frames: [part('a'), transcript('b'), part('c'), transcript('d'), ...turnEnd()] });
  expect((await stage.driver().generate(ask())).text).toBe('abcd');
});

test.each(['binary', 'text'] as const)('%s frames are read alike', async (as) => {
  stage.server.live.reply(spoken(['Grüße ', '😀'], { as }));
  expect((await stage.driver().generate(ask())).text).toBe('Grüße 😀');
});

test('empty server content, unknown messages and odd parts do no harm', async () => {
  const odd = [
    content({}),
    { serverContent: null },
    {},
    { somethingNew: { a: 1 } },
    content({ modelTurn: {} }),
    content({
      modelTurn: { parts: [null, 7, {}, { text: 7 }, { inlineData: { mimeType: 'image/png', data: 'AA' } }] },
    }),
    content({ outputTranscription: { text: null } }),
    { sessionResumptionUpdate: {} },
    { goAway: {} },
  ];
  stage.server.live.reply({ frames: [...odd, ...spoken(['Hello']).frames] });
  expect((await stage.driver().generate(ask())).text).toBe('Hello');
});

test('what a second count of tokens says beats the first, field by field', async () => {
  const counts = { usageMetadata: { promptTokenCount: 5, responseTokenCount: 1 } };
  stage.server.live.reply({ frames: [counts, ...spoken(['Hello'], { usage: { responseTokenCount: 3 } }).frames] });
  const { usage } = await stage.driver().generate(ask());
  expect(usage).toEqual({ promptTokens: 5, outputTokens: 3, thoughtTokens: 0, totalTokens: 8 });
});

test('a turn that is complete without a word is an empty reply, and sound without a transcript is one', async () => {
  stage.server.live.reply({ frames: turnEnd() }, spoken(['Hello'], { transcript: false }));
  const driver = stage.driver();
  expect(await failureOf(driver.generate(ask()))).toMatchObject({
    ...{ code: 'empty_reply', message: 'the reply is empty (the turn was complete without a word)' },
  });
  expect(await failureOf(driver.generate(ask()))).toMatchObject({
    ...{ code: 'empty_reply', message: 'the reply is empty (it is sound without a transcript)' },
  });
  expect((await driver.generate(ask())).text).toContain('Reply 1');
});

test('what a turn of no use took is told, where the service counted it', async () => {
  stage.server.live.reply({ frames: turnEnd() });
  const told: DriverEvent[] = [];
  await failureOf(stage.driver().generate(ask(), { emit: (event) => void told.push(event) }));
  const usage = { promptTokens: 8, outputTokens: 1, thoughtTokens: 0, totalTokens: 9 };
  expect(told).toEqual([{ type: 'spent', model: liveModel, usage }]);
});

test('a turn that the service says it blocked is blocked', async () => {
  const turnCompleteReason = 'PROHIBITED_INPUT_CONTENT';
  stage.server.live.reply({ frames: [content({ turnComplete: true, turnCompleteReason })] });
  const error = await failureOf(stage.driver().generate(ask()));
  expect(error).toMatchObject({ code: 'blocked', message: 'the service blocked the turn: PROHIBITED_INPUT_CONTENT' });
});
