import { expect, test } from 'vitest';
import type { LiveManner } from '../../../src/gemini/live/options.js';
import { closes, written } from '../../helpers/live-replies.js';
import { failureOf } from '../gemini-stage.js';
import { ask, goOn, noting, setLiveStage } from './live-stage.js';

const stage = setLiveStage({ models: 'any' });
const unknown = 'gemini-9-live';
const modalities = () => stage.server.live.sessions.map(({ setup }) => setup.generationConfig.responseModalities[0]);

/** A memory that outlives drivers, as a file would. */
function memoryOf(known: Record<string, LiveManner> = {}) {
  return {
    known,
    get: async (model: string) => known[model],
    set: async (model: string, manner: LiveManner) => {
      known[model] = manner;
    },
  };
}

test('a model that can reply in text is asked for text', async () => {
  stage.server.live.textModels.add(unknown);
  stage.server.live.reply(written(['Hello', ' you'], { thoughts: ['Hm.'] }));
  const { text, audio } = await stage.driver().generate(ask('Hi', { model: `models/${unknown}` }));
  expect({ text, audio }).toEqual({ text: 'Hello you', audio: undefined });
  expect(stage.session(0).setup.outputAudioTranscription).toBeUndefined();
  expect(modalities()).toEqual(['TEXT']);
});

test('a model that is known to speak only is asked for speech at once', async () => {
  await stage.driver().generate(ask());
  expect(modalities()).toEqual(['AUDIO']);
});

test('where TEXT is refused speech is asked for, and that is remembered', async () => {
  const memory = memoryOf();
  const driver = stage.driver({ memory });
  const request = ask('One', { model: unknown });
  expect((await driver.generate(request)).text).toBe('Reply 1 of gemini-9-live to "One"');
  await driver.generate(ask('Two', { model: unknown }));
  await stage.driver({ memory }).generate(request);
  expect(modalities()).toEqual(['TEXT', 'AUDIO', 'AUDIO', 'AUDIO']);
  expect(memory.known).toEqual({ [unknown]: { replies: 'AUDIO', prompts: 'content' } });
});

test('TEXT that is refused in answer to the first turn is the same', async () => {
  stage.server.live.textModels.add(unknown);
  stage.server.live.reply({ frames: [], end: closes.textRefused });
  const { text, audio } = await stage.driver().generate(ask('One', { model: unknown }));
  expect(text).toBe('Reply 1 of gemini-9-live to "One"');
  expect(audio).toBeDefined();
  expect(modalities()).toEqual(['TEXT', 'AUDIO']);
});

test('where client content is refused the prompt goes in as realtime input, the turns before it as history', async () => {
  stage.server.live.realtimeModels.add('gemini-3.8-live');
  const memory = memoryOf();
  const driver = stage.driver({ memory });
  const first = ask('One');
  const second = goOn(first, await driver.generate(first), 'Two');
  expect((await driver.generate(second)).text).toBe('Reply 2 of gemini-3.8-live to "Two"');
  await driver.close?.();

  expect((await stage.driver({ memory }).generate(second)).text).toBe('Reply 2 of gemini-3.8-live to "Two"');
  const [refused, whole, anew] = stage.server.live.sessions;
  expect(stage.server.live.sessions).toHaveLength(3);
  expect(refused?.messages[1]).toHaveProperty('clientContent');
  expect(whole?.messages.slice(1)).toEqual([{ realtimeInput: { text: 'One' } }, { realtimeInput: { text: 'Two' } }]);
  expect(whole?.setup.historyConfig).toBeUndefined();
  expect(anew?.setup.historyConfig).toEqual({ initialHistoryInClientContent: true });
  expect(anew?.setup.generationConfig).toEqual({ responseModalities: ['AUDIO'] });
  expect(anew?.messages.slice(1)).toEqual([
    {
      clientContent: {
        turns: [
          { role: 'user', parts: [{ text: 'One' }] },
          { role: 'model', parts: [{ text: 'Reply 1 of gemini-3.8-live to "One"' }] },
        ],
        turnComplete: true,
      },
    },
    { realtimeInput: { text: 'Two' } },
  ]);
});

test('a memory that has become wrong is corrected', async () => {
  const memory = memoryOf({ 'gemini-3.8-live': { replies: 'AUDIO', prompts: 'realtime' } });
  stage.server.live.reply({ frames: [], end: closes.invalidArgument });
  await stage.driver({ memory }).generate(ask());
  expect(memory.known['gemini-3.8-live']).toEqual({ replies: 'AUDIO', prompts: 'content' });
});

test('a model that will have the conversation in neither way is a clear error, and nothing is remembered', async () => {
  const memory = memoryOf();
  stage.server.live.reply(
    ...[
      { frames: [], end: closes.invalidArgument },
      { frames: [], end: closes.invalidArgument },
    ],
  );
  const error = await failureOf(stage.driver({ memory }).generate(ask()));
  expect(error).toMatchObject({ code: 'invalid_request', passing: false });
  expect(error.message).toBe("the service can't take this request: 1007, Request contains an invalid argument");
  expect(memory.known).toEqual({});
  expect(stage.server.live.sessions).toHaveLength(2);
});

test('a picture for a model that takes realtime input alone is a clear error', async () => {
  stage.server.live.realtimeModels.add('gemini-3.8-live');
  const picture = { type: 'media', mimeType: 'image/png', content: { from: 'bytes', base64: 'AAAA' } } as const;
  const error = await failureOf(stage.driver().generate(ask('', { turns: [{ role: 'user', parts: [picture] }] })));
  expect(error).toMatchObject({ code: 'invalid_request' });
  expect(error.message).toBe('gemini-3.8-live takes prompts in text alone (close code 1007)');
});

test('what has worked is not doubted: a later refusal is about the request', async () => {
  const driver = stage.driver();
  const first = ask('One');
  const second = goOn(first, await driver.generate(first), 'Two');
  stage.server.live.reply({ frames: [], end: closes.invalidArgument });
  expect(await failureOf(driver.generate(second))).toMatchObject({ code: 'invalid_request' });
  expect(stage.server.live.sessions).toHaveLength(1);
});

test('a setup that is refused in speech is not tried in another way', async () => {
  stage.server.live.meet({ at: 'setup', comes: closes.invalidArgument });
  expect(await failureOf(stage.driver().generate(ask()))).toMatchObject({ code: 'invalid_request' });
  expect(stage.server.live.sessions).toHaveLength(1);
});

test('the request leaves once, however many sessions it takes', async () => {
  let asked = 0;
  const { notes, context } = noting();
  const beforeSending = async () => {
    asked += 1;
    expect(stage.server.live.sessions.flatMap(({ turns }) => turns)).toEqual([]);
  };
  stage.server.live.realtimeModels.add(unknown);
  await stage.driver().generate(ask('One', { model: unknown }), { ...context, beforeSending });
  expect(asked).toBe(1);
  expect(stage.server.live.sessions).toHaveLength(3);
  expect(notes).toEqual([]);
});
