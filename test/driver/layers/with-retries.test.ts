import { expect, test } from 'vitest';
import type { MeasuredWait } from '../../../src/driver/driver.js';
import type { DriverEvent } from '../../../src/driver/driver-events.js';
import { type RetryPolicy, withRetries } from '../../../src/driver/layers/with-retries.js';
import type { GenerateRequest } from '../../../src/driver/request.js';
import { BoticelliError, StreamInterrupted } from '../../../src/errors.js';
import { createManualClock } from '../../helpers/manual-clock.js';
import { createScriptedDriver, type ScriptedCall } from '../../helpers/scripted-driver.js';

const request: GenerateRequest = { model: 'm', turns: [], parameters: {} };
const overloaded = new BoticelliError('unavailable', 'overloaded', { isTransient: true });
const refused = new BoticelliError('invalid_request', 'no');
const broken = new StreamInterrupted('the stream broke off', { partialText: 'a' });

function stack(scripts: ScriptedCall[], policy: Partial<RetryPolicy> = {}) {
  const clock = createManualClock();
  const inner = createScriptedDriver(scripts);
  const events: DriverEvent[] = [];
  const driver = withRetries({ clock, random: () => 0.5, ...policy }, inner);
  return { clock, inner, events, driver, emit: (event: DriverEvent) => void events.push(event) };
}

async function collectTexts(chunks: AsyncIterable<{ text: string }>): Promise<string[]> {
  const texts: string[] = [];
  for await (const { text } of chunks) texts.push(text);
  return texts;
}

test('retries a temporary failure, with an event before each retry and before each pause', async () => {
  const { driver, inner, clock, events, emit } = stack([{ error: overloaded }, { error: overloaded }]);
  expect((await driver.generate(request, { emit })).text).toBe('Reply 3');
  expect(inner.requests).toHaveLength(3);
  expect(clock.sleepsMs).toEqual([375, 750]);
  expect(events.map(({ type }) => type)).toEqual(['retry', 'wait', 'retry', 'wait']);
  expect(events[0]).toMatchObject({ attempt: 1, delayMs: 375, discard: false, error: { code: 'unavailable' } });
  expect(events[3]).toMatchObject({ reason: 'backoff', waitMs: 750, until: '2026-11-22T12:00:01.125Z' });
});

test('measures each pause', async () => {
  const { driver, clock } = stack([{ error: overloaded }, { error: overloaded }]);
  const startedAt = clock.now();
  const waits: MeasuredWait[] = [];
  await driver.generate(request, { onWaited: (wait) => void waits.push(wait) });
  const wait = { model: 'm', reason: 'backoff' };
  expect(waits).toEqual([
    { ...wait, startedAt, durationMs: 375 },
    { ...wait, startedAt: startedAt + 375, durationMs: 750 },
  ]);
});

test('doubles the pauses up to the maximum, and waits a random 50 to 100% of each', async () => {
  const failing = Array.from({ length: 6 }, () => ({ error: overloaded }));
  const longest = stack(failing, { retries: 6, baseDelayMs: 1000, maxDelayMs: 8000, random: () => 1 });
  await longest.driver.generate(request);
  expect(longest.clock.sleepsMs).toEqual([1000, 2000, 4000, 8000, 8000, 8000]);
  const shortest = stack(failing, { retries: 6, baseDelayMs: 1000, maxDelayMs: 8000, random: () => 0 });
  await shortest.driver.generate(request);
  expect(shortest.clock.sleepsMs).toEqual([500, 1000, 2000, 4000, 4000, 4000]);
});

test('waits as long as the service asks', async () => {
  const limited = new BoticelliError('rate_limited', 'slow down', { isTransient: true, retryAfterMs: 17_300 });
  const { driver, clock } = stack([{ error: limited }], { random: () => 0 });
  await driver.generate(request);
  expect(clock.sleepsMs).toEqual([17_300]);
});

test('does not retry if the service asks for more than 5 minutes', async () => {
  const limited = new BoticelliError('rate_limited', 'slow down', { isTransient: true, retryAfterMs: 301_000 });
  const { driver, clock } = stack([{ error: limited }]);
  await expect(driver.generate(request)).rejects.toBe(limited);
  expect(clock.sleepsMs).toEqual([]);
});

test('rethrows permanent failures and bugs at once', async () => {
  for (const error of [refused, new TypeError('a bug')]) {
    const { driver, inner } = stack([{ error }]);
    await expect(driver.generate(request)).rejects.toBe(error);
    expect(inner.requests).toHaveLength(1);
  }
});

test('rethrows the failure after the last retry', async () => {
  const { driver, inner } = stack(
    Array.from({ length: 9 }, () => ({ error: overloaded })),
    { retries: 2 },
  );
  await expect(driver.generate(request)).rejects.toBe(overloaded);
  expect(inner.requests).toHaveLength(3);
});

test('retries a stream that fails before its first text', async () => {
  const { driver, events, emit } = stack([{ error: overloaded }, { pieces: ['x'] }]);
  expect(await collectTexts(driver.generateStream(request, { emit }))).toEqual(['x', '']);
  expect(events[0]).toMatchObject({ type: 'retry', discard: false });
});

test('rethrows a failure after the first text if the text cannot be discarded', async () => {
  const { driver, inner } = stack([{ pieces: ['a'], error: broken }]);
  await expect(collectTexts(driver.generateStream(request))).rejects.toBe(broken);
  expect(inner.requests).toHaveLength(1);
});

test('retries after the first text if it can be discarded, and emits discard: true', async () => {
  const { driver, events, emit } = stack([{ pieces: ['a'], error: broken }, { pieces: ['b'] }]);
  expect(await collectTexts(driver.generateStream(request, { emit, canDiscard: () => true }))).toEqual(['a', 'b', '']);
  expect(events[0]).toMatchObject({ type: 'retry', discard: true });
});

test('rejects with the reason of an abort instead of retrying', async () => {
  const controller = new AbortController();
  const reason = new Error('enough');
  const { driver, inner } = stack([{ error: overloaded }]);
  const emit = () => controller.abort(reason);
  await expect(driver.generate(request, { emit, signal: controller.signal })).rejects.toBe(reason);
  expect(inner.requests).toHaveLength(1);
});
