import { expect, test } from 'vitest';
import { forgetLearnedLimits } from '../../src/quota/forget-learned-limits.js';
import { modelStateKey } from '../../src/quota/limiter/model-state-access.js';
import { createRateLimiter, type Reservation } from '../../src/quota/limiter/rate-limiter.js';
import type { Limits } from '../../src/quota/limits.js';
import { getQuotaStatus, type ModelStatus, type QuotaStatusOptions } from '../../src/quota/status.js';
import { createMemoryQuotaStore } from '../../src/quota/stores/memory-store.js';
import { createManualClock } from '../helpers/manual-clock.js';

const createMinuteViolation = (limit: number) => ({ per: 'minute', unit: 'requests', limit }) as const;
const createDayViolation = (limit: number) => ({ per: 'day', unit: 'requests', limit }) as const;

function setup(limits: Limits = { rpm: { value: 3, source: 'settings' } }) {
  const clock = createManualClock(Date.UTC(2026, 10, 22, 12));
  const store = createMemoryQuotaStore();
  const limiter = createRateLimiter({ store, clock, project: 'p' });
  const reserve = async (model = 'm', estimatedTokens = 10) => {
    const reservation = await limiter.reserve({ model, estimatedTokens, limitsFor: () => limits });
    if (reservation.state !== 'reserved') throw new Error(reservation.state);
    return reservation;
  };
  const send = async (model = 'm') => {
    const reservation = await reserve(model);
    expect(await limiter.confirm(reservation)).toBe('go');
    return reservation;
  };
  const readStatus = async (more: Partial<QuotaStatusOptions> = {}) =>
    getQuotaStatus({
      ...{ modelStates: await store.readAll(), project: 'p', models: ['m'], limitsFor: () => limits, now: clock.now() },
      ...more,
    });
  const readModelStatus = async (model = 'm') =>
    (await readStatus()).find((each) => each.model === model) as ModelStatus;
  return { clock, store, limiter, reserve, send, readStatus, readModelStatus };
}

test('reports the limits of an unused model, and that a request can be sent now', async () => {
  const { readStatus } = setup();
  expect(await readStatus()).toEqual([
    {
      model: 'm',
      limits: { rpm: { value: 3, fullLimit: 3, source: 'settings' } },
      minute: { requests: { used: 0, booked: 0 }, tokens: { used: 0, booked: 0 } },
      day: { endsAt: Date.UTC(2026, 10, 23, 8), requests: { used: 0, booked: 0 } },
      underWay: 0,
      availability: { state: 'now' },
    },
  ]);
});

test('counts sent requests as used and pending ones as booked, in the minute and in the day', async () => {
  const { clock, send, reserve, readModelStatus } = setup();
  await send();
  clock.advance(10_000);
  for (let n = 0; n < 2; n += 1) await send();
  await reserve();
  const at = clock.now();
  expect(await readModelStatus()).toMatchObject({
    minute: { requests: { used: 3, booked: 1 }, tokens: { used: 30, booked: 10 } },
    day: { requests: { used: 3, booked: 1 } },
    availability: { state: 'later', at: at + 60_500, reason: 'rpm' },
  });
  clock.advance(50_001);
  expect((await readModelStatus()).minute.requests, 'the first request is more than a minute old').toEqual({
    used: 2,
    booked: 1,
  });
});

test('starts a new daily count at midnight Pacific time', async () => {
  const { clock, send, readModelStatus } = setup();
  await send();
  clock.advance(21 * 3_600_000);
  expect((await readModelStatus()).day).toEqual({
    endsAt: Date.UTC(2026, 10, 24, 8),
    requests: { used: 0, booked: 0 },
  });
});

test('reports when a limit was learned, the full limit, and the limit after `limitMultipliers` is applied', async () => {
  const { clock, limiter, send, readStatus } = setup();
  await limiter.recordRejection(await send(), { violations: [createMinuteViolation(2)], retryAfterMs: 7000 });
  const [model] = await readStatus({ limitMultipliers: { rpm: 0.5 } });
  expect((model as ModelStatus).limits.rpm).toEqual({
    ...{ value: 1, fullLimit: 2, source: 'learned', learnedAt: clock.now() },
  });
});

test('after a rejection for the daily quota, reports `closed` until the Pacific day ends', async () => {
  const { limiter, send, readModelStatus } = setup();
  const blockedUntil = Date.UTC(2026, 10, 23, 8);
  await limiter.recordRejection(await send(), { violations: [createDayViolation(20)], blockedUntil });
  expect((await readModelStatus()).availability).toEqual({ state: 'closed', at: blockedUntil });
});

test('reports `taken` while all concurrency slots are in use', async () => {
  const { store, clock, readModelStatus } = setup({ maxConcurrent: { value: 1, source: 'built-in' } });
  const slot = { id: 'a', expiresAt: clock.now() + 1000 };
  await store.transact(modelStateKey('p', 'm'), (state) => void state.concurrencySlots.push(slot));
  expect(await readModelStatus()).toMatchObject({ underWay: 1, availability: { state: 'taken' } });
  clock.advance(1001);
  expect(await readModelStatus()).toMatchObject({ underWay: 0, availability: { state: 'now' } });
});

test('counts the requests of an alias in the status of the model that serves it', async () => {
  const { limiter, send, readStatus } = setup();
  await limiter.settle(await send('latest'), { promptTokens: 12, servedModel: 'real' });
  await send('latest');
  expect(await readStatus({ models: ['latest'] })).toMatchObject([
    { model: 'latest', servedBy: 'real' },
    { model: 'real', minute: { requests: { used: 2 }, tokens: { used: 22 } } },
  ]);
});

test('leaves out the models of other projects', async () => {
  const { send, readStatus } = setup();
  await send();
  expect(await readStatus({ project: 'p2', models: [] })).toEqual([]);
});

test('does not change the states', async () => {
  const { store, clock, send, readStatus } = setup();
  await send();
  const states = await store.readAll();
  const before = structuredClone(states);
  clock.advance(10 * 60_000);
  await readStatus({ modelStates: states });
  expect(states).toEqual(before);
});

test('forgets what was learned, and keeps the counts of the requests that were not rejected', async () => {
  const { store, clock, limiter, send, readModelStatus } = setup();
  let last: Reservation | undefined;
  for (let n = 0; n < 3; n += 1) last = await send();
  const blockedUntil = Date.UTC(2026, 10, 23, 8);
  await limiter.recordRejection(last as Reservation, {
    violations: [createMinuteViolation(2), createDayViolation(20)],
    blockedUntil,
  });
  await limiter.recordRejection(last as Reservation, { violations: [createMinuteViolation(2)], retryAfterMs: 90_000 });
  const learnedAt = clock.now();
  expect(await forgetLearnedLimits(store, 'p', 'm')).toEqual([
    {
      ...{
        model: 'm',
        blockedUntil,
        pausedUntil: learnedAt + 90_000,
        wasMarginEnlarged: false,
        wasTokenRatioLearned: false,
      },
      learned: { rpm: { value: 2, learnedAt }, rpd: { value: 20, learnedAt } },
    },
  ]);
  expect(await readModelStatus()).toMatchObject({
    limits: { rpm: { value: 3, source: 'settings' } },
    minute: { requests: { used: 2 } },
    day: { requests: { used: 2 } },
    availability: { state: 'now' },
  });
});

test('after forgetting what was learned about an alias, counts each request sent under the alias exactly once', async () => {
  const { store, clock, limiter, reserve, send, readModelStatus } = setup();
  await limiter.settle(await send('latest'), { promptTokens: 12, servedModel: 'real' });
  for (let n = 0; n < 2; n += 1) await send('latest');
  const results = await forgetLearnedLimits(store, 'p', 'latest');
  expect(results).toMatchObject([{ model: 'latest', aliasTarget: 'real' }, { model: 'real' }]);
  const next = await reserve('latest');
  expect(next).toMatchObject({ model: 'latest', at: clock.now() + 60_500 });
  clock.advance(60_500);
  await limiter.confirm(next);
  await limiter.settle(next, { promptTokens: 12, servedModel: 'real' });
  expect((await readModelStatus('real')).day.requests, 'no request is counted twice').toEqual({ used: 4, booked: 0 });
});

test('counts a request sent without a reservation, and does not widen the safety margin when it is rejected', async () => {
  const { store, limiter, readModelStatus } = setup();
  for (let n = 0; n < 4; n += 1) {
    const sent = await limiter.recordSent({ model: 'm', estimatedTokens: 10, limitsFor: () => ({}) });
    if (n > 1)
      await limiter.recordRejection(sent, {
        violations: [createMinuteViolation(2)],
        retryAfterMs: 1000,
        wasSentRegardlessOfLimits: true,
      });
  }
  expect(await readModelStatus()).toMatchObject({
    minute: { requests: { used: 2, booked: 0 } },
    limits: { rpm: { value: 2, source: 'learned' } },
  });
  expect((await store.readAll()).get(modelStateKey('p', 'm'))?.marginFactor).toBe(1);
});
