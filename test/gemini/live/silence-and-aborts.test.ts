import { getEventListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { StreamTimeout } from '../../../src/errors.js';
import { type ConnectionScript, type LiveScript, spokenReply } from '../../helpers/gemini/live-replies.js';
import { createGate } from '../../helpers/gemini/replies.js';
import { createAbortableContext, getError, readStream } from '../gemini-fixture.js';
import { createLiveFixture, createRequest, unfinishedFrames } from './live-fixture.js';

const fixture = createLiveFixture();
const reason = new Error('aborted by the caller');

describe('silence', () => {
  test('before the first message does not count as idle, only towards the timeout of the call', async () => {
    fixture.server.live.queueReplies({ frames: [] });
    const error = await getError(fixture.driver({ timeoutMs: 1200, idleTimeoutMs: 30 }).generate(createRequest()));
    expect(error).toMatchObject({ code: 'timeout', message: 'no complete reply within 1.2 s' });
  });

  test.each(['generate', 'generateStream'] as const)(
    'after the first message is StreamTimeout (%s)',
    async (method) => {
      fixture.server.live.queueReplies({ frames: unfinishedFrames });
      const driver = fixture.driver({ idleTimeoutMs: 60 });
      const error =
        method === 'generate'
          ? await getError(driver.generate(createRequest()))
          : (await readStream(driver.generateStream(createRequest()))).error;
      expect(error).toBeInstanceOf(StreamTimeout);
    },
  );

  test('after the whole reply does not count as idle, only towards the timeout of the call', async () => {
    // The service ends a turn only when its speech would have finished playing.
    const gate = createGate();
    fixture.server.live.queueReplies(spokenReply(['Hello'], { gate }));
    // Sends all frames but the last one, `turnComplete`.
    gate.release(3);
    setTimeout(() => gate.releaseAll(), 400);
    expect((await fixture.driver({ idleTimeoutMs: 150 }).generate(createRequest())).text).toBe('Hello');

    fixture.server.live.queueReplies({ frames: spokenReply(['Hello']).frames.slice(0, -1) });
    expect(await getError(fixture.driver({ timeoutMs: 100 }).generate(createRequest()))).toMatchObject({
      code: 'timeout',
    });
  });

  test('while the reader pauses does not count as idle', async () => {
    const gate = createGate();
    fixture.server.live.queueReplies(spokenReply(['a', 'b'], { gate }));
    gate.release(2);
    let received = '';
    for await (const { text } of fixture.driver({ idleTimeoutMs: 150 }).generateStream(createRequest())) {
      received += text;
      if (text !== 'a') continue;
      await delay(250);
      gate.releaseAll();
    }
    expect(received).toBe('ab');
  });
});

describe('an abort', () => {
  test.each<[string, ConnectionScript | undefined, LiveScript]>([
    ['while the setup stalls', { at: 'setup', action: 'stall' }, { frames: [] }],
    ['before the first message', undefined, { frames: [] }],
    ['mid-reply', undefined, { frames: unfinishedFrames }],
  ])('%s closes the socket at once and rejects with its reason', async (_, connectionScript, script) => {
    fixture.server.live.queueConnections(connectionScript);
    fixture.server.live.queueReplies(script);
    const { controller, context } = createAbortableContext();
    const call = fixture.driver().generate(createRequest(), context);
    await expect.poll(() => fixture.server.live.sessions[0]?.setup).toBeDefined();
    const abortedAt = Date.now();
    controller.abort(reason);
    await expect(call).rejects.toBe(reason);
    expect((await fixture.session(0).closed) - abortedAt).toBeLessThan(500);
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
  });

  test('closes the socket even while the caller does not read the stream', async () => {
    fixture.server.live.queueReplies({ frames: unfinishedFrames });
    const { controller, context } = createAbortableContext();
    const chunks = fixture.driver().generateStream(createRequest(), context)[Symbol.asyncIterator]();
    expect((await chunks.next()).value.text).toBe('Hel');
    const abortedAt = Date.now();
    controller.abort(reason);
    expect((await fixture.session(0).closed) - abortedAt).toBeLessThan(500);
    await expect(chunks.next()).rejects.toBe(reason);
  });

  test('that comes before the call prevents the connection', async () => {
    const context = { signal: AbortSignal.abort(reason) };
    await expect(fixture.driver().generate(createRequest(), context)).rejects.toBe(reason);
    expect(fixture.server.live.sessions).toHaveLength(0);
  });
});

test('a call leaves no listener on its signal, whether it succeeds, times out or breaks off', async () => {
  const { controller, context } = createAbortableContext();
  const driver = fixture.driver();
  await driver.generate(createRequest(), context);
  fixture.server.live.queueReplies({ frames: [] });
  await getError(fixture.driver({ timeoutMs: 100 }).generate(createRequest('Stalls'), context));
  // On a slow machine, the call may time out before its turn is sent. Its script is then still queued.
  fixture.server.live.clearReplies();
  fixture.server.live.queueReplies({ frames: unfinishedFrames, end: 'destroy' });
  await getError(driver.generate(createRequest('Breaks'), context));
  expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
});

test('leaving the loop early closes the socket', async () => {
  fixture.server.live.queueReplies({ frames: unfinishedFrames });
  for await (const { text } of fixture.driver().generateStream(createRequest())) {
    expect(text).toBe('Hel');
    break;
  }
  await fixture.session(0).closed;
});
