import { getEventListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { StreamTimeout } from '../../../src/errors.js';
import { createChunk, createGate, formatSseEvent, packetReply, textReply } from '../../helpers/gemini-replies.js';
import { createAbortableContext, createGeminiFixture, createRequest, getError, readStream } from '../gemini-fixture.js';

const fixture = createGeminiFixture();
const reason = new Error('the caller had enough');

test('a call with a signal that has aborted makes no request', async () => {
  const context = { signal: AbortSignal.abort(reason) };
  await expect(fixture.driver().generate(createRequest(), context)).rejects.toBe(reason);
  await expect(readStream(fixture.driver().generateStream(createRequest(), context))).rejects.toBe(reason);
  expect(fixture.server.requests).toHaveLength(0);
});

test.each(['stall-before-headers', 'stall'] as const)(
  'an abort of a unary call (%s) closes the connection',
  async (end) => {
    fixture.server.queueReplies({ ...textReply('Hello'), end });
    const { controller, context } = createAbortableContext();
    const call = fixture.driver().generate(createRequest(), context);
    const request = await fixture.server.waitForRequests(1);
    const abortedAt = Date.now();
    controller.abort(reason);
    await expect(call).rejects.toBe(reason);
    expect((await request.closedEarly) - abortedAt).toBeLessThan(100);
  },
);

test('an abort in mid-stream rejects with the reason and closes the connection', async () => {
  fixture.server.queueReplies({ ...textReply('Hello'), end: 'stall' });
  const { controller, context } = createAbortableContext();
  const seen: string[] = [];
  const reading = (async () => {
    for await (const { text: piece } of fixture.driver().generateStream(createRequest(), context)) {
      seen.push(piece);
      setTimeout(() => controller.abort(reason));
    }
  })();
  await expect(reading).rejects.toBe(reason);
  expect(seen).toEqual(['Hello']);
  await fixture.server.requests[0]?.closedEarly;
});

test('what had arrived before an abort is not handed out after it', async () => {
  fixture.server.queueReplies(packetReply(formatSseEvent(createChunk('a')) + formatSseEvent(createChunk('b', 'STOP'))));
  const { controller, context } = createAbortableContext();
  const seen: string[] = [];
  const reading = (async () => {
    for await (const { text: piece } of fixture.driver().generateStream(createRequest(), context)) {
      seen.push(piece);
      controller.abort(reason);
    }
  })();
  await expect(reading).rejects.toBe(reason);
  expect(seen).toEqual(['a']);
});

test('leaving the loop early closes the connection', async () => {
  fixture.server.queueReplies({ ...textReply(['Hello', 'you']), end: 'stall' });
  for await (const { text: piece } of fixture.driver().generateStream(createRequest())) {
    expect(piece).toBe('Hello');
    break;
  }
  await fixture.server.requests[0]?.closedEarly;
});

test('an error in mid-stream closes the connection', async () => {
  fixture.server.queueReplies({ ...packetReply('data: {oops}\n\n'), end: 'stall' });
  expect((await readStream(fixture.driver().generateStream(createRequest()))).error).toMatchObject({
    code: 'stream_interrupted',
  });
  await fixture.server.requests[0]?.closedEarly;
});

test('a whole reply leaves the connection for later calls', async () => {
  const driver = fixture.driver();
  for (let call = 0; call < 3; call += 1) {
    await readStream(driver.generateStream(createRequest()));
    await driver.generate(createRequest());
  }
  // Node's fetch itself opens a second one, then uses the two in turn.
  expect(fixture.server.connectionCount).toBeLessThanOrEqual(2);
  expect(fixture.server.requests.every(({ closedEarlyAtMs }) => closedEarlyAtMs === undefined)).toBe(true);
});

test('no call leaves a listener on the signal, however it ended', async () => {
  const { controller, context } = createAbortableContext();
  const driver = fixture.driver({ timeoutMs: 100 });
  await driver.generate(createRequest(), context);
  await readStream(driver.generateStream(createRequest(), context));
  fixture.server.queueReplies({ ...packetReply('{'), end: 'destroy' }, { end: 'stall-before-headers' });
  await getError(driver.generate(createRequest(), context));
  await getError(driver.generate(createRequest(), context));
  for await (const _ of driver.generateStream(createRequest(), context)) break;
  expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
});

test.each(['stall-before-headers', 'stall'] as const)(
  'an attempt that takes too long (%s) is a timeout',
  async (end) => {
    fixture.server.queueReplies({ ...textReply('Hello'), end }, { ...textReply('Hello'), end });
    const driver = fixture.driver({ timeoutMs: 80 });
    const unary = await getError(driver.generate(createRequest()));
    expect(unary).toMatchObject({ code: 'timeout', isTransient: false });
    expect(unary.message).toContain('within 0.08 s');
    const streamed = await readStream(driver.generateStream(createRequest()));
    expect(streamed.error).toMatchObject({ code: 'timeout', isTransient: false });
    await Promise.all(fixture.server.requests.map(({ closedEarly }) => closedEarly));
  },
);

test('a stream that falls silent is StreamTimeout', async () => {
  fixture.server.queueReplies({ ...textReply(['Hello', ' you']), end: 'stall' });
  const result = await readStream(fixture.driver({ idleTimeoutMs: 60 }).generateStream(createRequest()));
  expect(result.text).toBe('Hello you');
  expect(result.error).toBeInstanceOf(StreamTimeout);
  expect(result.error).toMatchObject({ code: 'stream_timeout', isTransient: false });
  await fixture.server.requests[0]?.closedEarly;
});

test('silence before the first byte is thinking, and does not count', async () => {
  const gate = createGate();
  fixture.server.queueReplies({ ...textReply('Hello'), gate });
  const reading = readStream(fixture.driver({ idleTimeoutMs: 50 }).generateStream(createRequest()));
  await delay(130);
  gate.releaseAll();
  expect(await reading).toMatchObject({ text: 'Hello', error: undefined });
});

test('a stream that goes on is no silence, however long it takes', async () => {
  fixture.server.queueReplies(textReply(['a', 'b', 'c', 'd', 'e'], { delayMs: 40 }));
  expect(await readStream(fixture.driver({ idleTimeoutMs: 120 }).generateStream(createRequest()))).toMatchObject({
    text: 'abcde',
  });
});

test('a reader that pauses is no silence of the service', async () => {
  const gate = createGate();
  fixture.server.queueReplies(textReply(['a', 'b'], { gate }));
  gate.release();
  let seen = '';
  for await (const { text: piece } of fixture.driver({ idleTimeoutMs: 50 }).generateStream(createRequest())) {
    seen += piece;
    if (piece !== 'a') continue;
    await delay(130);
    gate.releaseAll();
  }
  expect(seen).toBe('ab');
});

test('a timeout longer than a timer can hold does not fire at once', async () => {
  expect(await fixture.driver({ timeoutMs: 1e12, idleTimeoutMs: 1e12 }).generate(createRequest())).toMatchObject({
    finishReason: 'STOP',
  });
});

test('each token is handed out before the next one is sent', async () => {
  const gate = createGate();
  fixture.server.queueReplies(textReply(['a', 'b', 'c'], { gate }));
  gate.release();
  let seen = '';
  for await (const { text: piece } of fixture.driver().generateStream(createRequest())) {
    seen += piece;
    gate.release();
  }
  expect(seen).toBe('abc');
});

test('what a request waits for before it leaves takes nothing off its time', async () => {
  const beforeSending = () => new Promise<void>((resolve) => setTimeout(resolve, 60));
  const { text } = await fixture.driver({ timeoutMs: 50 }).generate(createRequest(), { beforeSending });
  expect(text).not.toBe('');
});
