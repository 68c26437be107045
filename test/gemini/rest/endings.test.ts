import { getEventListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { StreamTimeout } from '../../../src/errors.js';
import { createGate } from '../../helpers/gemini-gate.js';
import { chunkOf, packets, sseEvent, text } from '../../helpers/gemini-replies.js';
import { abortable, ask, failureOf, play, setStage } from '../gemini-stage.js';

const stage = setStage();
const reason = new Error('the caller had enough');

test('a call with a signal that has aborted makes no request', async () => {
  const context = { signal: AbortSignal.abort(reason) };
  await expect(stage.driver().generate(ask(), context)).rejects.toBe(reason);
  await expect(play(stage.driver().generateStream(ask(), context))).rejects.toBe(reason);
  expect(stage.server.requests).toHaveLength(0);
});

test.each(['stall-before-headers', 'stall'] as const)(
  'an abort of a unary call (%s) closes the connection',
  async (end) => {
    stage.server.reply({ ...text('Hello'), end });
    const { controller, context } = abortable();
    const call = stage.driver().generate(ask(), context);
    const request = await stage.server.received(1);
    const abortedAt = Date.now();
    controller.abort(reason);
    await expect(call).rejects.toBe(reason);
    expect((await request.closedEarly) - abortedAt).toBeLessThan(100);
  },
);

test('an abort in mid-stream rejects with the reason and closes the connection', async () => {
  stage.server.reply({ ...text('Hello'), end: 'stall' });
  const { controller, context } = abortable();
  const seen: string[] = [];
  const reading = (async () => {
    for await (const { text: piece } of stage.driver().generateStream(ask(), context)) {
      seen.push(piece);
      setTimeout(() => controller.abort(reason));
    }
  })();
  await expect(reading).rejects.toBe(reason);
  expect(seen).toEqual(['Hello']);
  await stage.server.requests[0]?.closedEarly;
});

test('what had arrived before an abort is not handed out after it', async () => {
  stage.server.reply(packets(sseEvent(chunkOf('a')) + sseEvent(chunkOf('b', 'STOP'))));
  const { controller, context } = abortable();
  const seen: string[] = [];
  const reading = (async () => {
    for await (const { text: piece } of stage.driver().generateStream(ask(), context)) {
      seen.push(piece);
      controller.abort(reason);
    }
  })();
  await expect(reading).rejects.toBe(reason);
  expect(seen).toEqual(['a']);
});

test('leaving the loop early closes the connection', async () => {
  stage.server.reply({ ...text(['Hello', 'you']), end: 'stall' });
  for await (const { text: piece } of stage.driver().generateStream(ask())) {
    expect(piece).toBe('Hello');
    break;
  }
  await stage.server.requests[0]?.closedEarly;
});

test('an error in mid-stream closes the connection', async () => {
  stage.server.reply({ ...packets('data: {oops}\n\n'), end: 'stall' });
  expect((await play(stage.driver().generateStream(ask()))).error).toMatchObject({ code: 'stream_interrupted' });
  await stage.server.requests[0]?.closedEarly;
});

test('a whole reply leaves the connection for later calls', async () => {
  const driver = stage.driver();
  for (let call = 0; call < 3; call += 1) {
    await play(driver.generateStream(ask()));
    await driver.generate(ask());
  }
  // Node's fetch itself opens a second one, then uses the two in turn.
  expect(stage.server.connections).toBeLessThanOrEqual(2);
  expect(stage.server.requests.every(({ closedEarlyAt }) => closedEarlyAt === undefined)).toBe(true);
});

test('no call leaves a listener on the signal, however it ended', async () => {
  const { controller, context } = abortable();
  const driver = stage.driver({ timeoutMs: 100 });
  await driver.generate(ask(), context);
  await play(driver.generateStream(ask(), context));
  stage.server.reply({ ...packets('{'), end: 'destroy' }, { end: 'stall-before-headers' });
  await failureOf(driver.generate(ask(), context));
  await failureOf(driver.generate(ask(), context));
  for await (const _ of driver.generateStream(ask(), context)) break;
  expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
});

test.each(['stall-before-headers', 'stall'] as const)(
  'an attempt that takes too long (%s) is a timeout',
  async (end) => {
    stage.server.reply({ ...text('Hello'), end }, { ...text('Hello'), end });
    const driver = stage.driver({ timeoutMs: 80 });
    const unary = await failureOf(driver.generate(ask()));
    expect(unary).toMatchObject({ code: 'timeout', passing: false });
    expect(unary.message).toContain('within 0.08 s');
    const streamed = await play(driver.generateStream(ask()));
    expect(streamed.error).toMatchObject({ code: 'timeout', passing: false });
    await Promise.all(stage.server.requests.map(({ closedEarly }) => closedEarly));
  },
);

test('a stream that falls silent is StreamTimeout', async () => {
  stage.server.reply({ ...text(['Hello', ' you']), end: 'stall' });
  const played = await play(stage.driver({ idleTimeoutMs: 60 }).generateStream(ask()));
  expect(played.text).toBe('Hello you');
  expect(played.error).toBeInstanceOf(StreamTimeout);
  expect(played.error).toMatchObject({ code: 'stream_timeout', passing: false });
  await stage.server.requests[0]?.closedEarly;
});

test('silence before the first byte is thinking, and does not count', async () => {
  const gate = createGate();
  stage.server.reply({ ...text('Hello'), gate });
  const reading = play(stage.driver({ idleTimeoutMs: 50 }).generateStream(ask()));
  await delay(130);
  gate.open();
  expect(await reading).toMatchObject({ text: 'Hello', error: undefined });
});

test('a stream that goes on is no silence, however long it takes', async () => {
  stage.server.reply(text(['a', 'b', 'c', 'd', 'e'], { delayMs: 40 }));
  expect(await play(stage.driver({ idleTimeoutMs: 120 }).generateStream(ask()))).toMatchObject({ text: 'abcde' });
});

test('a reader that pauses is no silence of the service', async () => {
  const gate = createGate();
  stage.server.reply(text(['a', 'b'], { gate }));
  gate.next();
  let seen = '';
  for await (const { text: piece } of stage.driver({ idleTimeoutMs: 50 }).generateStream(ask())) {
    seen += piece;
    if (piece !== 'a') continue;
    await delay(130);
    gate.open();
  }
  expect(seen).toBe('ab');
});

test('a timeout longer than a timer can hold does not fire at once', async () => {
  expect(await stage.driver({ timeoutMs: 1e12, idleTimeoutMs: 1e12 }).generate(ask())).toMatchObject({
    finishReason: 'STOP',
  });
});

test('each token is handed out before the next one is sent', async () => {
  const gate = createGate();
  stage.server.reply(text(['a', 'b', 'c'], { gate }));
  gate.next();
  let seen = '';
  for await (const { text: piece } of stage.driver().generateStream(ask())) {
    seen += piece;
    gate.next();
  }
  expect(seen).toBe('abc');
});

test('what a request waits for before it leaves takes nothing off its time', async () => {
  const beforeSending = () => new Promise<void>((resolve) => setTimeout(resolve, 60));
  const { text } = await stage.driver({ timeoutMs: 50 }).generate(ask(), { beforeSending });
  expect(text).not.toBe('');
});
