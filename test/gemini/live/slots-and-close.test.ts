import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { ConcurrencyLimiter } from '../../../src/driver/concurrency-limiter.js';
import type { CallContext } from '../../../src/driver/driver.js';
import { closeReasons } from '../../helpers/live-replies.js';
import { createAbortableContext, getError } from '../gemini-fixture.js';
import { continueConversation, createLiveFixture, createRequest } from './live-fixture.js';

const fixture = createLiveFixture();
const sessions = () => fixture.server.live.sessions;

/** A gate that counts its places. */
function countingGate(places = 1) {
  const log: string[] = [];
  let taken = 0;
  const gate: ConcurrencyLimiter = {
    async acquire(model: string, { signal }: CallContext) {
      while (taken >= places) {
        signal?.throwIfAborted();
        await delay(5);
      }
      taken += 1;
      log.push(`enter ${model}`);
      return {
        async release() {
          taken -= 1;
          log.push(`release ${model}`);
        },
      };
    },
  };
  return { gate, log, taken: () => taken };
}

test('a session holds a place from its connection to its end', async () => {
  const { gate, log, taken } = countingGate();
  const driver = fixture.driver({ concurrencyLimiter: gate });
  expect(driver.managesConcurrency?.('gemini-3.8-live')).toBe(true);
  expect(fixture.driver().managesConcurrency?.('gemini-3.8-live')).toBe(false);
  const first = createRequest('One');
  await driver.generate(continueConversation(first, await driver.generate(first), 'Two'));
  expect(log).toEqual(['enter gemini-3.8-live']);
  await driver.generate(createRequest('Other', { model: 'gemini-3.1-flash-live-preview' }));
  expect(log.slice(1)).toEqual(['release gemini-3.8-live', 'enter gemini-3.1-flash-live-preview']);
  sessions().at(-1)?.close('destroy');
  await expect.poll(taken).toBe(0);
});

test('every session that fails gives its place back, and so does one that is closed', async () => {
  const { gate, taken } = countingGate();
  const driver = fixture.driver({ concurrencyLimiter: gate });
  fixture.server.live.queueConnections(
    { at: 'upgrade', action: 'destroy' },
    { at: 'open', action: closeReasons.quota },
    undefined,
    {
      at: 'setup',
      action: 'stall',
    },
  );
  fixture.server.live.queueReplies({ frames: [], end: closeReasons.internal });
  for (const failing of [driver, driver, driver, fixture.driver({ concurrencyLimiter: gate, setupTimeoutMs: 60 })]) {
    await getError(failing.generate(createRequest()));
    expect(taken()).toBe(0);
  }
  await driver.generate(createRequest());
  expect(taken()).toBe(1);
  await driver.close?.();
  expect(taken()).toBe(0);
});

test('waiting for a place is no part of the time that a call has, and can be aborted', async () => {
  const { gate } = countingGate();
  const holder = fixture.driver({ concurrencyLimiter: gate });
  await holder.generate(createRequest());
  const waiting = fixture.driver({ concurrencyLimiter: gate, timeoutMs: 500 }).generate(createRequest('Waits'));
  await delay(550);
  await holder.close?.();
  expect((await waiting).text).toContain('"Waits"');

  const { controller, context } = createAbortableContext();
  const aborted = fixture.driver({ concurrencyLimiter: gate }).generate(createRequest(), context);
  controller.abort('enough');
  await expect(aborted).rejects.toBe('enough');
});

test('the turn waits for its leave, which costs it none of its time, and can be aborted meanwhile', async () => {
  const driver = fixture.driver({ timeoutMs: 500 });
  let leave = () => {};
  const beforeSending = () =>
    new Promise<void>((resolve) => {
      leave = resolve;
    });
  const call = driver.generate(createRequest(), { beforeSending });
  await delay(550);
  expect(fixture.session(0).messages).toHaveLength(1);
  leave();
  expect((await call).text).toContain('Reply 1');

  const { controller, context } = createAbortableContext();
  const aborted = driver.generate(createRequest('Two'), { ...context, beforeSending });
  await delay(30);
  controller.abort('enough');
  await expect(aborted).rejects.toBe('enough');
  expect(sessions().flatMap(({ prompts }) => prompts)).toEqual(['Say hello.']);
});

test('a leave that is refused ends the call with that error, and nothing is asked', async () => {
  const beforeSending = async () => {
    throw new Error('no quota');
  };
  await expect(fixture.driver().generate(createRequest(), { beforeSending })).rejects.toThrow('no quota');
  expect(fixture.session(0).prompts).toEqual([]);
});
