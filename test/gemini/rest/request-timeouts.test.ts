import { getEventListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { StreamTimeout } from '../../../src/errors.js';
import { createChunk, createGate, formatSseEvent, packetReply, textReply } from '../../helpers/gemini/replies.js';
import { createAbortableContext, createGeminiFixture, createRequest, getError, readStream } from '../gemini-fixture.js';

const fixture = createGeminiFixture();
const reason = new Error('aborted by the caller');

test('makes no request with an aborted signal', async () => {
  const context = { signal: AbortSignal.abort(reason) };
  await expect(fixture.driver().generate(createRequest(), context)).rejects.toBe(reason);
  await expect(readStream(fixture.driver().generateStream(createRequest(), context))).rejects.toBe(reason);
  expect(fixture.server.requests).toHaveLength(0);
});

test.each(['stall-before-headers', 'stall'] as const)(
  'closes the connection when a unary call is aborted (%s)',
  async (end) => {
    fixture.server.queueReplies({ ...textReply('Hello'), end });
    const { controller, context } = createAbortableContext();
    const call = fixture.driver().generate(createRequest(), context);
    const request = await fixture.server.waitForRequests(1);
    const abortedAt = Date.now();
    controller.abort(reason);
    await expect(call).rejects.toBe(reason);
    expect((await request.whenClosedEarly) - abortedAt).toBeLessThan(1000);
  },
);

test('rejects with the reason and closes the connection when a stream is aborted', async () => {
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
  await fixture.server.requests[0]?.whenClosedEarly;
});

test('yields nothing after an abort, even if more text has arrived', async () => {
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

test('closes the connection when the loop is left early', async () => {
  fixture.server.queueReplies({ ...textReply(['Hello', 'you']), end: 'stall' });
  for await (const { text: piece } of fixture.driver().generateStream(createRequest())) {
    expect(piece).toBe('Hello');
    break;
  }
  await fixture.server.requests[0]?.whenClosedEarly;
});

test('closes the connection after an error in the stream', async () => {
  fixture.server.queueReplies({ ...packetReply('data: {oops}\n\n'), end: 'stall' });
  expect((await readStream(fixture.driver().generateStream(createRequest()))).error).toMatchObject({
    code: 'stream_interrupted',
  });
  await fixture.server.requests[0]?.whenClosedEarly;
});

test('keeps the connection for later calls after a complete reply', async () => {
  const driver = fixture.driver();
  for (let call = 0; call < 3; call += 1) {
    await readStream(driver.generateStream(createRequest()));
    await driver.generate(createRequest());
  }
  // A second connection opens only if a call begins before the first connection is free.
  expect(fixture.server.connectionCount).toBeLessThanOrEqual(2);
  expect(fixture.server.requests.every(({ closedEarlyAtMs }) => closedEarlyAtMs === undefined)).toBe(true);
});

test('removes its listeners from the signal, however a call ends', async () => {
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

test.each(['stall-before-headers', 'stall'] as const)('times out an attempt that takes too long (%s)', async (end) => {
  fixture.server.queueReplies({ ...textReply('Hello'), end }, { ...textReply('Hello'), end });
  const driver = fixture.driver({ timeoutMs: 80 });
  const unary = await getError(driver.generate(createRequest()));
  expect(unary).toMatchObject({ code: 'timeout', isTransient: false });
  expect(unary.message).toContain('within 0.08 s');
  const streamed = await readStream(driver.generateStream(createRequest()));
  expect(streamed.error).toMatchObject({ code: 'timeout', isTransient: false });
  await Promise.all(fixture.server.requests.map(({ whenClosedEarly }) => whenClosedEarly));
});

test('throws StreamTimeout for a silent stream', async () => {
  fixture.server.queueReplies({ ...textReply(['Hello', ' you']), end: 'stall' });
  const result = await readStream(fixture.driver({ idleTimeoutMs: 60 }).generateStream(createRequest()));
  expect(result.text).toBe('Hello you');
  expect(result.error).toBeInstanceOf(StreamTimeout);
  expect(result.error).toMatchObject({ code: 'stream_timeout', isTransient: false });
  await fixture.server.requests[0]?.whenClosedEarly;
});

test('does not count silence before the first byte as idle, because the model may be thinking', async () => {
  const gate = createGate();
  fixture.server.queueReplies({ ...textReply('Hello'), gate });
  const reading = readStream(fixture.driver({ idleTimeoutMs: 50 }).generateStream(createRequest()));
  await delay(130);
  gate.releaseAll();
  expect(await reading).toMatchObject({ text: 'Hello', error: undefined });
});

test('does not time out a slow stream without long pauses', async () => {
  // Together, the pauses are longer than the idle timeout. Each pause is a tenth of it, so that no pause reaches it
  // even on a busy machine.
  fixture.server.queueReplies(textReply([...'abcdefghijkl'], { delayMs: 40 }));
  expect(await readStream(fixture.driver({ idleTimeoutMs: 400 }).generateStream(createRequest()))).toMatchObject({
    text: 'abcdefghijkl',
  });
});

test('does not count a pause of the reader as idle time', async () => {
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

test('accepts a timeout beyond the range of timers', async () => {
  expect(await fixture.driver({ timeoutMs: 1e12, idleTimeoutMs: 1e12 }).generate(createRequest())).toMatchObject({
    finishReason: 'STOP',
  });
});

test('yields each piece before the server sends the next one', async () => {
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

test('does not count the wait for beforeSending towards the timeout', async () => {
  const beforeSending = () => new Promise<void>((resolve) => setTimeout(resolve, 60));
  const { text } = await fixture.driver({ timeoutMs: 50 }).generate(createRequest(), { beforeSending });
  expect(text).not.toBe('');
});
