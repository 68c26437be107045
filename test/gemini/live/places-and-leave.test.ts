import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Gate } from '../../../src/driver/concurrency-limiter.js';
import type { CallContext } from '../../../src/driver/driver.js';
import { closes } from '../../helpers/live-replies.js';
import { abortable, failureOf } from '../gemini-stage.js';
import { ask, goOn, setLiveStage } from './live-stage.js';

const stage = setLiveStage();
const sessions = () => stage.server.live.sessions;

/** A gate that counts its places. */
function countingGate(places = 1) {
  const log: string[] = [];
  let taken = 0;
  const gate: Gate = {
    async enter(model: string, { signal }: CallContext) {
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
  const driver = stage.driver({ gate });
  expect(driver.holdsPlace?.('gemini-3.8-live')).toBe(true);
  expect(stage.driver().holdsPlace?.('gemini-3.8-live')).toBe(false);
  const first = ask('One');
  await driver.generate(goOn(first, await driver.generate(first), 'Two'));
  expect(log).toEqual(['enter gemini-3.8-live']);
  await driver.generate(ask('Other', { model: 'gemini-3.1-flash-live-preview' }));
  expect(log.slice(1)).toEqual(['release gemini-3.8-live', 'enter gemini-3.1-flash-live-preview']);
  sessions().at(-1)?.end('destroy');
  await expect.poll(taken).toBe(0);
});

test('every session that fails gives its place back, and so does one that is closed', async () => {
  const { gate, taken } = countingGate();
  const driver = stage.driver({ gate });
  stage.server.live.meet({ at: 'upgrade', comes: 'destroy' }, { at: 'open', comes: closes.quota }, undefined, {
    at: 'setup',
    comes: 'stall',
  });
  stage.server.live.reply({ frames: [], end: closes.internal });
  for (const failing of [driver, driver, driver, stage.driver({ gate, setupTimeoutMs: 60 })]) {
    await failureOf(failing.generate(ask()));
    expect(taken()).toBe(0);
  }
  await driver.generate(ask());
  expect(taken()).toBe(1);
  await driver.close?.();
  expect(taken()).toBe(0);
});

test('waiting for a place is no part of the time that a call has, and can be aborted', async () => {
  const { gate } = countingGate();
  const holder = stage.driver({ gate });
  await holder.generate(ask());
  const waiting = stage.driver({ gate, timeoutMs: 500 }).generate(ask('Waits'));
  await delay(550);
  await holder.close?.();
  expect((await waiting).text).toContain('"Waits"');

  const { controller, context } = abortable();
  const aborted = stage.driver({ gate }).generate(ask(), context);
  controller.abort('enough');
  await expect(aborted).rejects.toBe('enough');
});

test('the turn waits for its leave, which costs it none of its time, and can be aborted meanwhile', async () => {
  const driver = stage.driver({ timeoutMs: 500 });
  let leave = () => {};
  const beforeSending = () =>
    new Promise<void>((resolve) => {
      leave = resolve;
    });
  const call = driver.generate(ask(), { beforeSending });
  await delay(550);
  expect(stage.session(0).messages).toHaveLength(1);
  leave();
  expect((await call).text).toContain('Reply 1');

  const { controller, context } = abortable();
  const aborted = driver.generate(ask('Two'), { ...context, beforeSending });
  await delay(30);
  controller.abort('enough');
  await expect(aborted).rejects.toBe('enough');
  expect(sessions().flatMap(({ asked }) => asked)).toEqual(['Say hello.']);
});

test('a leave that is refused ends the call with that error, and nothing is asked', async () => {
  const beforeSending = async () => {
    throw new Error('no quota');
  };
  await expect(stage.driver().generate(ask(), { beforeSending })).rejects.toThrow('no quota');
  expect(stage.session(0).asked).toEqual([]);
});
