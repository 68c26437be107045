import { expect, test } from 'vitest';
import { BoticelliError, Interrupted, QuotaExceeded } from '../../src/errors.js';
import { createRateLimiter } from '../../src/quota/limiter/rate-limiter.js';
import { type ProbeModelOptions, probeModel } from '../../src/quota/probe-model.js';
import { getQuotaStatus, type ModelStatus } from '../../src/quota/status.js';
import { createMemoryQuotaStore } from '../../src/quota/stores/memory-store.js';
import { createManualClock, type ManualClock } from '../helpers/manual-clock.js';
import { createScriptedDriver, type ScriptedCall } from '../helpers/scripted-driver.js';

const minuteViolation = { per: 'minute', unit: 'requests', limit: 2, quotaId: 'PerMinute' } as const;
const minuteUsedUp = new QuotaExceeded('rate_limited', 'too many', {
  violations: [minuteViolation],
  retryAfterMs: 17_000,
});
const dayUsedUp = new QuotaExceeded('quota_exhausted', 'the day', {
  violations: [{ per: 'day', unit: 'requests', limit: 4 }],
});

/** Replies that take these durations. */
const replies = (clock: ManualClock, ...durationsMs: number[]): ScriptedCall[] =>
  durationsMs.map((durationMs) => ({ pieces: ['yes'], onCall: () => clock.advance(durationMs) }));

function setup(script: (clock: ManualClock) => ScriptedCall[], options: Partial<ProbeModelOptions> = {}) {
  const clock = createManualClock();
  const store = createMemoryQuotaStore();
  const limiter = createRateLimiter({ store, clock, project: 'p' });
  const driver = createScriptedDriver(script(clock));
  const limitsFor = () => ({});
  const result = probeModel({
    ...{ driver, limiter, clock, limitsFor, model: 'm', requests: 10, spacingMs: 0, stream: false },
    ...options,
  });
  const readStatus = async () => {
    const all = getQuotaStatus({
      modelStates: await store.readAll(),
      project: 'p',
      models: [],
      limitsFor,
      now: clock.now(),
    });
    // `m` is an alias, and its status only names the model that serves it. The status of that model is read.
    return all.find(({ servedBy }) => servedBy === undefined) as ModelStatus;
  };
  return { result, driver, clock, readStatus };
}

test('sends all requests if the quota lasts, and reports latencies', async () => {
  const { result, driver, clock } = setup((clock) => replies(clock, 100, 300, 200, 900), { requests: 4 });
  expect(await result).toMatchObject({
    ...{ sent: 4, succeeded: 4, refused: 0, ended: 'all-sent', durationMs: 1500, servedBy: 'm-001' },
    latency: { p50Ms: 200, p95Ms: 900 },
    usage: { promptTokens: 40, outputTokens: 4 },
  });
  expect(driver.methods).toEqual(Array(4).fill('generate'));
  expect(clock.sleepsMs).toEqual([]);
});

test('reports the first rejection with its limits, and ends after three rejections in a row', async () => {
  const refused = { error: minuteUsedUp };
  const { result } = setup((clock) => [
    ...replies(clock, 100, 100),
    refused,
    ...replies(clock, 50),
    ...Array(4).fill(refused),
  ]);
  expect(await result).toMatchObject({
    ...{ sent: 7, succeeded: 3, refused: 4, ended: 'refused-in-a-row' },
    firstRefusal: { request: 3, afterMs: 200, quotas: [minuteViolation], retryAfterMs: 17_000 },
  });
});

test('ends when the daily quota is used up', async () => {
  const { result } = setup((clock) => [...replies(clock, 10), { error: dayUsedUp }]);
  expect(await result).toMatchObject({ sent: 2, refused: 1, ended: 'day-used-up' });
});

test('ends with the error if credits are depleted, and does not count the day as used up', async () => {
  const error = new QuotaExceeded('quota_exhausted', 'no credits', { violations: [], isProjectWide: true });
  const { result, readStatus } = setup((clock) => [...replies(clock, 10), { error }]);
  expect(await result).toMatchObject({ sent: 2, succeeded: 1, refused: 0, ended: 'failed', failure: error });
  expect(await readStatus()).toMatchObject({ availability: { state: 'now' } });
});

test('ends at any other error and reports it', async () => {
  const error = new BoticelliError('unavailable', 'overloaded');
  const { result } = setup((clock) => [...replies(clock, 10), { error }]);
  expect(await result).toMatchObject({
    ...{ sent: 2, succeeded: 1, ended: 'failed', failure: error },
    error: { code: 'unavailable', message: 'overloaded' },
  });
});

test('starts requests `spacingMs` apart, but the next one only after the previous reply', async () => {
  const { result, clock } = setup((clock) => replies(clock, 300, 2000, 100), { requests: 3, spacingMs: 1000 });
  await result;
  expect(clock.sleepsMs).toEqual([700]);
});

test('requests streams if `stream` is set', async () => {
  const { result, driver } = setup(() => [], { requests: 2, stream: true });
  expect(await result).toMatchObject({ succeeded: 2 });
  expect(driver.methods).toEqual(['generateStream', 'generateStream']);
});

test('ends with the results so far when interrupted', async () => {
  const controller = new AbortController();
  const abort = () => controller.abort(new Interrupted('SIGINT'));
  const { result } = setup((clock) => [...replies(clock, 10), { pieces: ['yes'], onCall: abort }], {
    signal: controller.signal,
  });
  expect(await result).toMatchObject({ sent: 2, succeeded: 2, ended: 'interrupted' });
});

test('counts the requests that were not rejected, and learns the limit from rejections', async () => {
  const { result, readStatus } = setup((clock) => [
    ...replies(clock, 10, 10),
    ...Array(3).fill({ error: minuteUsedUp }),
  ]);
  await result;
  expect(await readStatus()).toMatchObject({
    model: 'm-001',
    minute: { requests: { used: 2, booked: 0 } },
    limits: { rpm: { value: 2, source: 'learned' } },
    availability: { state: 'later' },
  });
});
