import { describe, expect, test } from 'vitest';
import type { LiveMode } from '../../../src/gemini/live/options.js';
import { closeFrames, writtenReply } from '../../helpers/gemini/live-replies.js';
import { getError } from '../gemini-fixture.js';
import { collectNoteEvents, continueConversation, createLiveFixture, createRequest } from './live-fixture.js';

const fixture = createLiveFixture({ models: 'any' });
/** The server has this model, but src/facts does not. */
const modelWithoutFacts = 'gemini-9-live';
const modalities = () => fixture.server.live.sessions.map(({ setup }) => setup.generationConfig.responseModalities[0]);

/** A cache of modes: how each model takes prompts and sends replies. The cache outlives drivers, as a file would. */
function createMemoryCache(modes: Record<string, LiveMode> = {}) {
  return {
    modes,
    get: async (model: string) => modes[model],
    set: async (model: string, mode: LiveMode) => {
      modes[model] = mode;
    },
  };
}

test('requests text from a model that supports it', async () => {
  fixture.server.live.textReplyAllowed.add(modelWithoutFacts);
  fixture.server.live.queueReplies(writtenReply(['Hello', ' you'], { thoughts: ['Hm.'] }));
  const { text, audio } = await fixture
    .driver()
    .generate(createRequest('Hi', { model: `models/${modelWithoutFacts}` }));
  expect({ text, audio }).toEqual({ text: 'Hello you', audio: undefined });
  expect(fixture.session(0).setup.outputAudioTranscription).toBeUndefined();
  expect(modalities()).toEqual(['TEXT']);
});

test('requests speech at once from a model that is known to support only speech', async () => {
  await fixture.driver().generate(createRequest());
  expect(modalities()).toEqual(['AUDIO']);
});

test('requests speech after TEXT is rejected at the setup, and remembers that', async () => {
  const cache = createMemoryCache();
  const driver = fixture.driver({ liveModeCache: cache });
  const request = createRequest('One', { model: modelWithoutFacts });
  expect((await driver.generate(request)).text).toBe('Reply 1 of gemini-9-live to "One"');
  await driver.generate(createRequest('Two', { model: modelWithoutFacts }));
  await fixture.driver({ liveModeCache: cache }).generate(request);
  expect(modalities()).toEqual(['TEXT', 'AUDIO', 'AUDIO', 'AUDIO']);
  expect(cache.modes).toEqual({ [modelWithoutFacts]: { replyModality: 'AUDIO', promptsAs: 'clientContent' } });
});

test('requests speech after TEXT is rejected at the first turn', async () => {
  fixture.server.live.textReplyAllowed.add(modelWithoutFacts);
  fixture.server.live.queueReplies({ frames: [], end: closeFrames.textUnsupported });
  const { text, audio } = await fixture.driver().generate(createRequest('One', { model: modelWithoutFacts }));
  expect(text).toBe('Reply 1 of gemini-9-live to "One"');
  expect(audio).toBeDefined();
  expect(modalities()).toEqual(['TEXT', 'AUDIO']);
});

describe('an internal error in answer to TEXT', () => {
  test.each(['setup', 'turn'])('at the %s makes the driver request speech, in this run only', async (phase) => {
    const cache = createMemoryCache();
    const driver = fixture.driver({ liveModeCache: cache });
    if (phase === 'setup') fixture.server.live.queueConnections({ at: 'setup', action: closeFrames.internal });
    else {
      fixture.server.live.textReplyAllowed.add(modelWithoutFacts);
      fixture.server.live.queueReplies({ frames: [], end: closeFrames.internal });
    }
    const request = createRequest('One', { model: modelWithoutFacts });
    expect((await driver.generate(request)).text).toBe('Reply 1 of gemini-9-live to "One"');
    await driver.generate(createRequest('Two', { model: modelWithoutFacts }));
    expect(modalities()).toEqual(['TEXT', 'AUDIO', 'AUDIO']);
    // Nothing is cached: the error may have been temporary, and the model may support text.
    expect(cache.modes).toEqual({});
  });

  test.each([
    ['fails too', closeFrames.internal],
    ['is then rejected', closeFrames.invalidArgument],
  ])('is what the call throws if the request for speech %s', async (_, action) => {
    fixture.server.live.queueConnections({ at: 'setup', action: closeFrames.internal }, { at: 'setup', action });
    const error = await getError(fixture.driver().generate(createRequest('One', { model: modelWithoutFacts })));
    expect(error).toMatchObject({ code: 'unavailable', isTransient: true });
    expect(error.message).toContain('1011');
    expect(modalities()).toEqual(['TEXT', 'AUDIO']);
  });

  test.each([
    ['a quota', closeFrames.quota, 'rate_limited'],
    ['credits', closeFrames.credits, 'quota_exhausted'],
  ])('does not make the driver request speech if the close reason is about %s', async (_, action, code) => {
    fixture.server.live.queueConnections({ at: 'setup', action });
    const error = await getError(fixture.driver().generate(createRequest('One', { model: modelWithoutFacts })));
    expect(error.code).toBe(code);
    expect(modalities()).toEqual(['TEXT']);
  });
});

test('sends realtime input after client content is rejected; a later session gets the earlier turns as its history', async () => {
  fixture.server.live.promptsOnlyAsRealtimeInput.add('gemini-3.8-live');
  const cache = createMemoryCache();
  const driver = fixture.driver({ liveModeCache: cache });
  const first = createRequest('One');
  const second = continueConversation(first, await driver.generate(first), 'Two');
  expect((await driver.generate(second)).text).toBe('Reply 2 of gemini-3.8-live to "Two"');
  await driver.close?.();

  expect((await fixture.driver({ liveModeCache: cache }).generate(second)).text).toBe(
    'Reply 2 of gemini-3.8-live to "Two"',
  );
  const [rejected, accepted, fromCache] = fixture.server.live.sessions;
  expect(fixture.server.live.sessions).toHaveLength(3);
  expect(rejected?.messages[1]).toHaveProperty('clientContent');
  expect(accepted?.messages.slice(1)).toEqual([{ realtimeInput: { text: 'One' } }, { realtimeInput: { text: 'Two' } }]);
  expect(accepted?.setup.historyConfig).toBeUndefined();
  expect(fromCache?.setup.historyConfig).toEqual({ initialHistoryInClientContent: true });
  expect(fromCache?.setup.generationConfig).toEqual({ responseModalities: ['AUDIO'] });
  expect(fromCache?.messages.slice(1)).toEqual([
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

test('replaces a cached mode that the model rejects', async () => {
  const cache = createMemoryCache({ 'gemini-3.8-live': { replyModality: 'AUDIO', promptsAs: 'realtimeInput' } });
  fixture.server.live.queueReplies({ frames: [], end: closeFrames.invalidArgument });
  await fixture.driver({ liveModeCache: cache }).generate(createRequest());
  expect(cache.modes['gemini-3.8-live']).toEqual({ replyModality: 'AUDIO', promptsAs: 'clientContent' });
});

test('reports a model that rejects both kinds of prompts, and remembers nothing', async () => {
  const cache = createMemoryCache();
  fixture.server.live.queueReplies(
    ...[
      { frames: [], end: closeFrames.invalidArgument },
      { frames: [], end: closeFrames.invalidArgument },
    ],
  );
  const error = await getError(fixture.driver({ liveModeCache: cache }).generate(createRequest()));
  expect(error).toMatchObject({ code: 'invalid_request', isTransient: false });
  expect(error.message).toBe('request rejected: 1007, "Request contains an invalid argument"');
  expect(cache.modes).toEqual({});
  expect(fixture.server.live.sessions).toHaveLength(2);
});

test('rejects a picture for a model that takes only realtime input', async () => {
  fixture.server.live.promptsOnlyAsRealtimeInput.add('gemini-3.8-live');
  const picture = { type: 'media', mimeType: 'image/png', content: { from: 'bytes', base64: 'AAAA' } } as const;
  const error = await getError(
    fixture.driver().generate(createRequest('', { turns: [{ role: 'user', parts: [picture] }] })),
  );
  expect(error).toMatchObject({ code: 'invalid_request' });
  expect(error.message).toBe('gemini-3.8-live takes only text prompts');
});

test('does not change a mode that has worked in this run', async () => {
  const driver = fixture.driver();
  const first = createRequest('One');
  const second = continueConversation(first, await driver.generate(first), 'Two');
  fixture.server.live.queueReplies({ frames: [], end: closeFrames.invalidArgument });
  expect(await getError(driver.generate(second))).toMatchObject({ code: 'invalid_request' });
  expect(fixture.server.live.sessions).toHaveLength(1);
});

test('tries no other mode after a setup for speech was rejected', async () => {
  fixture.server.live.queueConnections({ at: 'setup', action: closeFrames.invalidArgument });
  expect(await getError(fixture.driver().generate(createRequest()))).toMatchObject({ code: 'invalid_request' });
  expect(fixture.server.live.sessions).toHaveLength(1);
});

test('calls beforeSending once, however many sessions the call needs', async () => {
  let callCount = 0;
  const { notes, context } = collectNoteEvents();
  const beforeSending = async () => {
    callCount += 1;
    expect(fixture.server.live.sessions.flatMap(({ turns }) => turns)).toEqual([]);
  };
  fixture.server.live.promptsOnlyAsRealtimeInput.add(modelWithoutFacts);
  await fixture.driver().generate(createRequest('One', { model: modelWithoutFacts }), { ...context, beforeSending });
  expect(callCount).toBe(1);
  // The model rejects a text reply in the first session and client content in the second one.
  expect(fixture.server.live.sessions).toHaveLength(3);
  // No `note` event was emitted.
  expect(notes).toEqual([]);
});
