import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { CallContext, Lease } from '../../../src/driver/driver.js';
import { closeFrames } from '../../helpers/gemini/live-replies.js';
import { createAbortableContext, getError } from '../gemini-fixture.js';
import { continueConversation, createLiveFixture, createRequest } from './live-fixture.js';

const fixture = createLiveFixture();
const sessions = () => fixture.server.live.sessions;

/** A context that acquires concurrency slots and logs their leases. */
function createSlotContext({ slots = 1, signal }: { slots?: number; signal?: AbortSignal } = {}) {
  const log: string[] = [];
  let takenCount = 0;
  const acquireSlot = async (model: string): Promise<Lease> => {
    while (takenCount >= slots) {
      signal?.throwIfAborted();
      await delay(5);
    }
    takenCount += 1;
    log.push(`acquire ${model}`);
    return {
      async release() {
        takenCount -= 1;
        log.push(`release ${model}`);
      },
    };
  };
  const context: CallContext = { acquireSlot, ...(signal && { signal }) };
  return { context, log, getTakenCount: () => takenCount };
}

test('a session holds a concurrency slot from its connection to its end', async () => {
  const { context, log, getTakenCount } = createSlotContext();
  const driver = fixture.driver();
  expect(driver.acquiresOwnSlots?.('gemini-3.8-live')).toBe(true);
  const first = createRequest('One');
  await driver.generate(continueConversation(first, await driver.generate(first, context), 'Two'), context);
  expect(log).toEqual(['acquire gemini-3.8-live']);
  await driver.generate(createRequest('Other', { model: 'gemini-3.1-flash-live-preview' }), context);
  expect(log.slice(1)).toEqual(['release gemini-3.8-live', 'acquire gemini-3.1-flash-live-preview']);
  sessions().at(-1)?.close('destroy');
  await expect.poll(getTakenCount).toBe(0);
});

test('releases the slot of a session that fails or is closed', async () => {
  const { context, getTakenCount } = createSlotContext();
  const driver = fixture.driver();
  // The third connection succeeds, and its session fails in the first turn.
  fixture.server.live.queueConnections(
    { at: 'upgrade', action: 'destroy' },
    { at: 'open', action: closeFrames.quota },
    undefined,
    { at: 'setup', action: 'stall' },
  );
  fixture.server.live.queueReplies({ frames: [], end: closeFrames.internal });
  for (const failing of [driver, driver, driver, fixture.driver({ setupTimeoutMs: 60 })]) {
    await getError(failing.generate(createRequest(), context));
    expect(getTakenCount()).toBe(0);
  }
  await driver.generate(createRequest(), context);
  expect(getTakenCount()).toBe(1);
  await driver.close?.();
  expect(getTakenCount()).toBe(0);
});

test('does not count the wait for a slot towards the timeout, and ends the wait on an abort', async () => {
  const controller = new AbortController();
  const { context } = createSlotContext({ signal: controller.signal });
  const holder = fixture.driver();
  await holder.generate(createRequest(), context);
  const waiting = fixture.driver({ timeoutMs: 500 }).generate(createRequest('Waits'), context);
  await delay(550);
  await holder.close?.();
  expect((await waiting).text).toContain('"Waits"');

  const aborted = fixture.driver().generate(createRequest(), context);
  controller.abort('enough');
  await expect(aborted).rejects.toBe('enough');
});

test('does not count the wait for beforeSending towards the timeout, and ends the wait on an abort', async () => {
  const driver = fixture.driver({ timeoutMs: 500 });
  let allowSending = () => {};
  const beforeSending = () =>
    new Promise<void>((resolve) => {
      allowSending = resolve;
    });
  const call = driver.generate(createRequest(), { beforeSending });
  await delay(550);
  expect(fixture.session(0).messages).toHaveLength(1);
  allowSending();
  expect((await call).text).toContain('Reply 1');

  const { controller, context } = createAbortableContext();
  const aborted = driver.generate(createRequest('Two'), { ...context, beforeSending });
  await delay(30);
  controller.abort('enough');
  await expect(aborted).rejects.toBe('enough');
  expect(sessions().flatMap(({ prompts }) => prompts)).toEqual(['Say hello.']);
});

test('sends nothing if beforeSending rejects, and rejects with its error', async () => {
  const beforeSending = async () => {
    throw new Error('no quota');
  };
  await expect(fixture.driver().generate(createRequest(), { beforeSending })).rejects.toThrow('no quota');
  expect(fixture.session(0).prompts).toEqual([]);
});
