import { getEventListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { StreamTimeout } from '../../../src/errors.js';
import { createGate } from '../../helpers/gemini-gate.js';
import { type LiveDoor, type LiveScript, spoken } from '../../helpers/live-replies.js';
import { abortable, failureOf, play } from '../gemini-stage.js';
import { ask, begun, setLiveStage } from './live-stage.js';

const stage = setLiveStage();
const reason = new Error('the caller had enough');

describe('silence', () => {
  test('before the first word is a timeout', async () => {
    stage.server.live.reply({ frames: [] });
    const error = await failureOf(stage.driver({ timeoutMs: 120, idleTimeoutMs: 30 }).generate(ask()));
    expect(error).toMatchObject({ code: 'timeout', message: 'there was no whole reply within 0.12 s' });
  });

  test.each(['generate', 'generateStream'] as const)('after the first word is StreamTimeout (%s)', async (method) => {
    stage.server.live.reply({ frames: begun });
    const driver = stage.driver({ idleTimeoutMs: 60 });
    const error =
      method === 'generate'
        ? await failureOf(driver.generate(ask()))
        : (await play(driver.generateStream(ask()))).error;
    expect(error).toBeInstanceOf(StreamTimeout);
  });

  test('while the speech would be played is none, but the time of the call holds', async () => {
    const gate = createGate();
    stage.server.live.reply(spoken(['Hello'], { gate }));
    // All but the last frame, which tells that the turn is over.
    gate.next(3);
    setTimeout(() => gate.open(), 400);
    expect((await stage.driver({ idleTimeoutMs: 150 }).generate(ask())).text).toBe('Hello');

    stage.server.live.reply({ frames: spoken(['Hello']).frames.slice(0, -1) });
    expect(await failureOf(stage.driver({ timeoutMs: 100 }).generate(ask()))).toMatchObject({ code: 'timeout' });
  });

  test('of a reader that pauses is none of the service', async () => {
    const gate = createGate();
    stage.server.live.reply(spoken(['a', 'b'], { gate }));
    gate.next(2);
    let seen = '';
    for await (const { text } of stage.driver({ idleTimeoutMs: 150 }).generateStream(ask())) {
      seen += text;
      if (text !== 'a') continue;
      await delay(250);
      gate.open();
    }
    expect(seen).toBe('ab');
  });
});

describe('an abort', () => {
  test.each<[string, LiveDoor | undefined, LiveScript]>([
    ['while the setup stalls', { at: 'setup', comes: 'stall' }, { frames: [] }],
    ['before the first word', undefined, { frames: [] }],
    ['in the midst of the reply', undefined, { frames: begun }],
  ])('%s closes the socket at once and rejects with its reason', async (_, door, script) => {
    stage.server.live.meet(door);
    stage.server.live.reply(script);
    const { controller, context } = abortable();
    const call = stage.driver().generate(ask(), context);
    await expect.poll(() => stage.server.live.sessions[0]?.setup).toBeDefined();
    const abortedAt = Date.now();
    controller.abort(reason);
    await expect(call).rejects.toBe(reason);
    expect((await stage.session(0).closed) - abortedAt).toBeLessThan(500);
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
  });

  test('closes the socket even while nobody asks for the next piece', async () => {
    stage.server.live.reply({ frames: begun });
    const { controller, context } = abortable();
    const chunks = stage.driver().generateStream(ask(), context)[Symbol.asyncIterator]();
    expect((await chunks.next()).value.text).toBe('Hel');
    const abortedAt = Date.now();
    controller.abort(reason);
    expect((await stage.session(0).closed) - abortedAt).toBeLessThan(500);
    await expect(chunks.next()).rejects.toBe(reason);
  });

  test('before the call makes no connection', async () => {
    const context = { signal: AbortSignal.abort(reason) };
    await expect(stage.driver().generate(ask(), context)).rejects.toBe(reason);
    expect(stage.server.live.sessions).toHaveLength(0);
  });

  test('leaves nothing behind on a signal that lives on', async () => {
    const { controller, context } = abortable();
    const driver = stage.driver();
    await driver.generate(ask(), context);
    stage.server.live.reply({ frames: [] }, { frames: begun, end: 'destroy' });
    await failureOf(stage.driver({ timeoutMs: 100 }).generate(ask('Stalls'), context));
    await failureOf(driver.generate(ask('Breaks'), context));
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
  });
});

test('leaving the loop early closes the socket', async () => {
  stage.server.live.reply({ frames: begun });
  for await (const { text } of stage.driver().generateStream(ask())) {
    expect(text).toBe('Hel');
    break;
  }
  await stage.session(0).closed;
});
