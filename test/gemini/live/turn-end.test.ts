import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import {
  createTurnEnd,
  type LiveScript,
  serverContent,
  spokenReply,
  writtenReply,
} from '../../helpers/gemini/live-replies.js';
import { createSteppedClock } from '../../helpers/stepped-clock.js';
import { createAbortableContext, readStream } from '../gemini-fixture.js';
import { collectNoteEvents, continueConversation, createLiveFixture, createRequest } from './live-fixture.js';

const fixture = createLiveFixture({ models: 'any' });
const say = (text: string, fields = {}) => serverContent({ outputTranscription: { text, ...fields } });
const sound = (durationMs: number) => ({
  inlineData: { mimeType: 'audio/pcm;rate=24000', data: Buffer.alloc(48 * durationMs).toString('base64') },
});
const generationComplete = serverContent({ generationComplete: true });
const turnComplete = serverContent({ turnComplete: true });
/** A whole turn as Google sends it: no piece of its transcript has `finished: true`. */
const replyWithOpenTranscript = (...pieces: string[]) => spokenReply(pieces, { finished: false });

/** Starts a call whose waits are under the control of the test. */
function startCall(script: LiveScript) {
  const clock = createSteppedClock();
  fixture.server.live.queueReplies(script);
  const driver = fixture.driver({ clock });
  const request = createRequest('One');
  return { clock, driver, request, reply: driver.generate(request) };
}

/** A reply starts three waits: after `generationComplete`, after `turnComplete` and after the resumption handle. */
const waitsOfReply = 3;

describe('words after turnComplete', () => {
  test('belong to the turn that they follow, and not to the next one', async () => {
    const { clock, driver, request, reply } = startCall(replyWithOpenTranscript('The capital is '));
    await clock.waitForSleeps(waitsOfReply);
    clock.advance(400);
    fixture.session(0).send(say('Par'));
    await clock.waitForSleeps(waitsOfReply + 1);
    fixture.session(0).send(say('is.'));
    await clock.waitForSleeps(waitsOfReply + 2);
    clock.advance(500);
    expect((await reply).text).toBe('The capital is Paris.');
    expect(clock.sleepsMs.slice(1)).toEqual([500, 500, 500, 500]);

    fixture.server.live.queueReplies(spokenReply(['Second answer.']));
    const second = await driver.generate(continueConversation(request, await reply, 'Two'));
    expect(second.text).toBe('Second answer.');
    expect(fixture.server.live.sessions).toHaveLength(1);
  });

  test('are streamed', async () => {
    const clock = createSteppedClock();
    fixture.server.live.queueReplies(replyWithOpenTranscript('so'));
    const stream = readStream(fixture.driver({ clock }).generateStream(createRequest()));
    await clock.waitForSleeps(waitsOfReply);
    fixture.session(0).send(say(' far'));
    await clock.waitForSleeps(waitsOfReply + 1);
    clock.advance(500);
    const { chunks, response } = await stream;
    expect(chunks.map(({ text }) => text)).toEqual(['so', ' far', '']);
    expect(response?.text).toBe('so far');
  });

  test('are not waited for once the transcript is marked as finished', async () => {
    const { clock, reply } = startCall(replyWithOpenTranscript('so'));
    await clock.waitForSleeps(waitsOfReply);
    fixture.session(0).send(say(' far', { finished: true }));
    expect((await reply).text).toBe('so far');
  });

  test('are waited for only until 5 s after turnComplete, even if more keep arriving', async () => {
    const { clock, reply } = startCall(replyWithOpenTranscript('0'));
    await clock.waitForSleeps(waitsOfReply);
    for (let number = 1; number <= 12; number += 1) {
      clock.advance(400);
      fixture.session(0).send(say(`,${number}`));
      await clock.waitForSleeps(waitsOfReply + number);
    }
    clock.advance(200);
    expect((await reply).text).toBe('0,1,2,3,4,5,6,7,8,9,10,11,12');
  });

  test('that come after the reply was returned move the conversation to another session', async () => {
    const { clock, driver, request, reply } = startCall(replyWithOpenTranscript('The capital is '));
    await clock.waitForSleeps(waitsOfReply);
    clock.advance(500);
    const second = continueConversation(request, await reply, 'Two');
    const { notes, context } = collectNoteEvents();
    // The words arrive while the call waits for its quota.
    const beforeSending = async () => {
      fixture.session(0).send(say('Paris.'));
      await delay(50);
    };
    fixture.server.live.queueReplies(spokenReply(['Second answer.']));
    expect((await driver.generate(second, { ...context, beforeSending })).text).toBe('Second answer.');
    expect(notes).toEqual([
      'words of the last reply came after its end: the conversation continues in a resumed session',
    ]);
    expect(fixture.server.live.sessions.map(({ prompts }) => prompts)).toEqual([['One'], ['Two']]);
  });

  test.each<[string, LiveScript, string]>([
    ['whose transcript is finished', spokenReply(['Hello']), 'Hello'],
    ['without speech', { frames: createTurnEnd() }, 'empty_reply'],
    [
      'that is blocked',
      { frames: [serverContent({ turnComplete: true, turnCompleteReason: 'BLOCKLIST' })] },
      'blocked',
    ],
  ])('are not waited for in a turn %s', async (_, script, expected) => {
    const { clock, reply } = startCall(script);
    const outcome = await reply.then(
      ({ text }) => text,
      ({ code }) => code,
    );
    expect(outcome).toBe(expected);
    expect(clock.sleepsMs).not.toContain(500);
  });

  test('are not waited for in a text reply', async () => {
    fixture.server.live.textReplyAllowed.add('gemini-9-live');
    fixture.server.live.queueReplies(writtenReply(['Hello']));
    const clock = createSteppedClock();
    const { text } = await fixture.driver({ clock }).generate(createRequest('Hi', { model: 'gemini-9-live' }));
    expect(text).toBe('Hello');
    expect(clock.sleepsMs).not.toContain(500);
  });
});

test('drops words that arrive before the first turn of a session, because they belong to no reply', async () => {
  const beforeSending = async () => {
    fixture.session(0).send(say('Welcome!'));
    await delay(50);
  };
  fixture.server.live.queueReplies(spokenReply(['Hello']));
  expect((await fixture.driver().generate(createRequest(), { beforeSending })).text).toBe('Hello');
  expect(fixture.server.live.sessions).toHaveLength(1);
});

describe('the wait for late words', () => {
  test('ends with the session', async () => {
    const { reply } = startCall({ ...replyWithOpenTranscript('Hello'), end: 'destroy' });
    expect((await reply).text).toBe('Hello');
  });

  test('does not count towards the timeout of the call', async () => {
    const clock = createSteppedClock();
    const driver = fixture.driver({ clock, timeoutMs: 500 });
    // The first turn sets up the session, so that the second one needs only a moment of its timeout.
    fixture.server.live.queueReplies(spokenReply(['Hello']), replyWithOpenTranscript('you'));
    const first = createRequest('One');
    const second = continueConversation(first, await driver.generate(first), 'Two');
    const sleepCount = clock.sleepsMs.length;
    const reply = driver.generate(second);
    await clock.waitForSleeps(sleepCount + waitsOfReply);
    await delay(550);
    clock.advance(500);
    expect((await reply).text).toBe('you');
  });

  test('ends with the abort of the caller', async () => {
    const { controller, context } = createAbortableContext();
    const clock = createSteppedClock();
    fixture.server.live.queueReplies(replyWithOpenTranscript('Hello'));
    const reply = fixture.driver({ clock }).generate(createRequest(), context);
    await clock.waitForSleeps(waitsOfReply);
    controller.abort('enough');
    await expect(reply).rejects.toBe('enough');
    await fixture.session(0).closed;
  });
});

describe('a turn that is generated but never closed', () => {
  test('ends 5 s after generationComplete, and the conversation continues in another session', async () => {
    const { clock, driver, request, reply } = startCall({ frames: [say('Hello'), generationComplete] });
    await clock.waitForSleeps(1);
    clock.advance(5000);
    const first = await reply;
    expect(first).toMatchObject({ text: 'Hello', finishReason: 'STOP' });
    expect(clock.sleepsMs).toEqual([5000]);

    // A late end of the first turn does not end the second one.
    fixture.session(0).send(turnComplete);
    const { notes, context } = collectNoteEvents();
    fixture.server.live.queueReplies(spokenReply(['Second answer.']));
    const second = await driver.generate(continueConversation(request, first, 'Two'), context);
    expect(second.text).toBe('Second answer.');
    expect(notes).toEqual(['the service did not end the last turn: the conversation continues in a new session']);
    expect(fixture.server.live.sessions).toHaveLength(2);
  });

  test('ends 5 s after its speech would have been played', async () => {
    const frames = [say('Hello'), serverContent({ modelTurn: { parts: [sound(3000)] } }), generationComplete];
    const { clock, reply } = startCall({ frames });
    await clock.waitForSleeps(1);
    expect(clock.sleepsMs).toEqual([8000]);
    clock.advance(8000);
    expect((await reply).text).toBe('Hello');
  });

  test('ends 5 s after its last words', async () => {
    const { clock, reply } = startCall({ frames: [say('so'), generationComplete] });
    await clock.waitForSleeps(1);
    clock.advance(4000);
    fixture.session(0).send(say(' far'));
    await clock.waitForSleeps(2);
    expect(clock.sleepsMs).toEqual([5000, 5000]);
    clock.advance(5000);
    expect((await reply).text).toBe('so far');
  });
});

test('a turn goes on if the service closes it while the model still thinks', async () => {
  const inProgress = serverContent({ turnComplete: true, interactionStatus: 'IN_PROGRESS' });
  const frames = [
    say('Let me see.', { finished: true }),
    generationComplete,
    inProgress,
    ...spokenReply([' It is 42.']).frames,
  ];
  fixture.server.live.queueReplies({ frames });
  expect((await fixture.driver().generate(createRequest())).text).toBe('Let me see. It is 42.');
});
