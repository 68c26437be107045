import { expect, test } from 'vitest';
import type { ResponseMode } from '../../../src/gemini/live/options.js';
import { closeReasons, writtenReply } from '../../helpers/live-replies.js';
import { getError } from '../gemini-fixture.js';
import { continueConversation, createLiveFixture, createNotingContext, createRequest } from './live-fixture.js';

const fixture = createLiveFixture({ models: 'any' });
const unknown = 'gemini-9-live';
const modalities = () => fixture.server.live.sessions.map(({ setup }) => setup.generationConfig.responseModalities[0]);

/** A memory that outlives drivers, as a file would. */
function memoryOf(known: Record<string, ResponseMode> = {}) {
  return {
    known,
    get: async (model: string) => known[model],
    set: async (model: string, manner: ResponseMode) => {
      known[model] = manner;
    },
  };
}

test('a model that can reply in text is asked for text', async () => {
  fixture.server.live.textModels.add(unknown);
  fixture.server.live.queueReplies(writtenReply(['Hello', ' you'], { thoughts: ['Hm.'] }));
  const { text, audio } = await fixture.driver().generate(createRequest('Hi', { model: `models/${unknown}` }));
  expect({ text, audio }).toEqual({ text: 'Hello you', audio: undefined });
  expect(fixture.session(0).setup.outputAudioTranscription).toBeUndefined();
  expect(modalities()).toEqual(['TEXT']);
});

test('a model that is known to speak only is asked for speech at once', async () => {
  await fixture.driver().generate(createRequest());
  expect(modalities()).toEqual(['AUDIO']);
});

test('where TEXT is refused speech is asked for, and that is remembered', async () => {
  const memory = memoryOf();
  const driver = fixture.driver({ responseModeCache: memory });
  const request = createRequest('One', { model: unknown });
  expect((await driver.generate(request)).text).toBe('Reply 1 of gemini-9-live to "One"');
  await driver.generate(createRequest('Two', { model: unknown }));
  await fixture.driver({ responseModeCache: memory }).generate(request);
  expect(modalities()).toEqual(['TEXT', 'AUDIO', 'AUDIO', 'AUDIO']);
  expect(memory.known).toEqual({ [unknown]: { replies: 'AUDIO', prompts: 'content' } });
});

test('TEXT that is refused in answer to the first turn is the same', async () => {
  fixture.server.live.textModels.add(unknown);
  fixture.server.live.queueReplies({ frames: [], end: closeReasons.textUnsupported });
  const { text, audio } = await fixture.driver().generate(createRequest('One', { model: unknown }));
  expect(text).toBe('Reply 1 of gemini-9-live to "One"');
  expect(audio).toBeDefined();
  expect(modalities()).toEqual(['TEXT', 'AUDIO']);
});

test('where client content is refused the prompt goes in as realtime input, the turns before it as history', async () => {
  fixture.server.live.realtimeModels.add('gemini-3.8-live');
  const memory = memoryOf();
  const driver = fixture.driver({ responseModeCache: memory });
  const first = createRequest('One');
  const second = continueConversation(first, await driver.generate(first), 'Two');
  expect((await driver.generate(second)).text).toBe('Reply 2 of gemini-3.8-live to "Two"');
  await driver.close?.();

  expect((await fixture.driver({ responseModeCache: memory }).generate(second)).text).toBe(
    'Reply 2 of gemini-3.8-live to "Two"',
  );
  const [refused, complete, retried] = fixture.server.live.sessions;
  expect(fixture.server.live.sessions).toHaveLength(3);
  expect(refused?.messages[1]).toHaveProperty('clientContent');
  expect(complete?.messages.slice(1)).toEqual([{ realtimeInput: { text: 'One' } }, { realtimeInput: { text: 'Two' } }]);
  expect(complete?.setup.historyConfig).toBeUndefined();
  expect(retried?.setup.historyConfig).toEqual({ initialHistoryInClientContent: true });
  expect(retried?.setup.generationConfig).toEqual({ responseModalities: ['AUDIO'] });
  expect(retried?.messages.slice(1)).toEqual([
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
  fixture.server.live.queueReplies({ frames: [], end: closeReasons.invalidArgument });
  await fixture.driver({ responseModeCache: memory }).generate(createRequest());
  expect(memory.known['gemini-3.8-live']).toEqual({ replies: 'AUDIO', prompts: 'content' });
});

test('a model that will have the conversation in neither way is a clear error, and nothing is remembered', async () => {
  const memory = memoryOf();
  fixture.server.live.queueReplies(
    ...[
      { frames: [], end: closeReasons.invalidArgument },
      { frames: [], end: closeReasons.invalidArgument },
    ],
  );
  const error = await getError(fixture.driver({ responseModeCache: memory }).generate(createRequest()));
  expect(error).toMatchObject({ code: 'invalid_request', isTransient: false });
  expect(error.message).toBe("the service can't take this request: 1007, Request contains an invalid argument");
  expect(memory.known).toEqual({});
  expect(fixture.server.live.sessions).toHaveLength(2);
});

test('a picture for a model that takes realtime input alone is a clear error', async () => {
  fixture.server.live.realtimeModels.add('gemini-3.8-live');
  const picture = { type: 'media', mimeType: 'image/png', content: { from: 'bytes', base64: 'AAAA' } } as const;
  const error = await getError(
    fixture.driver().generate(createRequest('', { turns: [{ role: 'user', parts: [picture] }] })),
  );
  expect(error).toMatchObject({ code: 'invalid_request' });
  expect(error.message).toBe('gemini-3.8-live takes prompts in text alone (close code 1007)');
});

test('what has worked is not doubted: a later refusal is about the request', async () => {
  const driver = fixture.driver();
  const first = createRequest('One');
  const second = continueConversation(first, await driver.generate(first), 'Two');
  fixture.server.live.queueReplies({ frames: [], end: closeReasons.invalidArgument });
  expect(await getError(driver.generate(second))).toMatchObject({ code: 'invalid_request' });
  expect(fixture.server.live.sessions).toHaveLength(1);
});

test('a setup that is refused in speech is not tried in another way', async () => {
  fixture.server.live.queueConnections({ at: 'setup', action: closeReasons.invalidArgument });
  expect(await getError(fixture.driver().generate(createRequest()))).toMatchObject({ code: 'invalid_request' });
  expect(fixture.server.live.sessions).toHaveLength(1);
});

test('the request leaves once, however many sessions it takes', async () => {
  let callCount = 0;
  const { notes, context } = createNotingContext();
  const beforeSending = async () => {
    callCount += 1;
    expect(fixture.server.live.sessions.flatMap(({ turns }) => turns)).toEqual([]);
  };
  fixture.server.live.realtimeModels.add(unknown);
  await fixture.driver().generate(createRequest('One', { model: unknown }), { ...context, beforeSending });
  expect(callCount).toBe(1);
  expect(fixture.server.live.sessions).toHaveLength(3);
  expect(notes).toEqual([]);
});
