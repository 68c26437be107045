import { expect, test } from 'vitest';
import type { QuotaViolation } from '../../../src/errors.js';
import { createRateLimiter, type Reservation } from '../../../src/quota/limiter/rate-limiter.js';
import type { Limits } from '../../../src/quota/limits.js';
import { createMemoryQuotaStore } from '../../../src/quota/stores/memory-store.js';
import { createManualClock } from '../../helpers/manual-clock.js';
import { createMinuteViolation, createTestLimiter, expectReserved } from './limiter-fixture.js';

test('adopts a limit stated by the API and postpones pending reservations', async () => {
  const { reserve, limiter, clock, readState, startMs } = createTestLimiter();
  const all: Reservation[] = [];
  for (let n = 0; n < 13; n += 1) all.push(expectReserved(await reserve()));
  for (const one of all.slice(0, 10)) await limiter.confirm(one);
  await limiter.recordRejection(all[9] as Reservation, {
    violations: [createMinuteViolation(2)],
    retryAfterMs: 20_000,
  });
  expect((await readState()).learned.rpm).toEqual({ value: 2, learnedAt: startMs });
  clock.advance(60_500);
  // Three were reserved for this time. Now two fit, and the third one fits a minute later.
  expect([await limiter.confirm(all[10] as Reservation), await limiter.confirm(all[11] as Reservation)]).toEqual([
    'go',
    'go',
  ]);
  expect(expectReserved(await limiter.confirm(all[12] as Reservation)).at).toBe(startMs + 121_000);
});

test('sends nothing before the retry delay of a rejection has passed', async () => {
  const { reserve, limiter, startMs } = createTestLimiter();
  const first = expectReserved(await reserve());
  await limiter.recordRejection(first, { violations: [createMinuteViolation(10)], retryAfterMs: 17_300 });
  expect(expectReserved(await reserve())).toMatchObject({ at: startMs + 17_300, reason: 'rpm' });
});

test('widens the safety margin if a request within the known limits is rejected, but not if the rejection states a lower limit', async () => {
  const { reserve, limiter, clock, readState } = createTestLimiter();
  await limiter.recordRejection(expectReserved(await reserve()), {
    violations: [createMinuteViolation(5)],
    retryAfterMs: 1,
  });
  expect((await readState()).marginFactor).toBe(1);
  clock.advance(10);
  await limiter.recordRejection(expectReserved(await reserve()), {
    violations: [createMinuteViolation(5)],
    retryAfterMs: 1,
  });
  expect((await readState()).marginFactor).toBe(2);
});

test('doubles the wait after each rejection without a retry delay, up to a minute; a reply makes the next wait short again', async () => {
  const { reserve, limiter, clock } = createTestLimiter();
  const pauses: number[] = [];
  let one = expectReserved(await reserve());
  for (let n = 0; n < 8; n += 1) {
    await limiter.recordRejection(one, { violations: [] });
    one = expectReserved(await reserve());
    pauses.push(one.at - clock.now());
    clock.advance(one.at - clock.now());
  }
  expect(pauses).toEqual([2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]);
  await limiter.settle(one, { promptTokens: 10, servedModel: 'm' });
  await limiter.recordRejection(one, { violations: [] });
  expect(expectReserved(await reserve()).at - clock.now()).toBe(2000);
});

test('if the API rejects a request because of the daily limit, refuses new and pending reservations until the day ends', async () => {
  const { reserve, limiter, clock, startMs } = createTestLimiter();
  const until = startMs + 20 * 3_600_000;
  const first = expectReserved(await reserve());
  const second = expectReserved(await reserve());
  await limiter.recordRejection(first, {
    violations: [{ per: 'day', unit: 'requests', limit: 20 }],
    blockedUntil: until,
  });
  expect(await reserve()).toEqual({ state: 'blocked', model: 'm', at: until });
  expect(await limiter.confirm(second)).toEqual({ state: 'blocked', model: 'm', at: until });
  clock.advance(20 * 3_600_000);
  expect(expectReserved(await reserve()).at).toBe(clock.now());
});

test('stores a learned limit under the model that the rejection names if the request named an alias', async () => {
  const { reserve, limiter, readState } = createTestLimiter();
  const first = expectReserved(await reserve({ model: 'latest' }));
  await limiter.recordRejection(first, {
    violations: [{ ...createMinuteViolation(5), model: 'gemini-x' }],
    retryAfterMs: 1000,
  });
  expect((await readState('gemini-x')).learned.rpm?.value).toBe(5);
  expect(expectReserved(await reserve({ model: 'latest' })).model).toBe('gemini-x');
});

test('waits no longer than the retry delay of a rejection if the clock is set back', async () => {
  const { reserve, limiter, clock, startMs } = createTestLimiter();
  await limiter.recordRejection(expectReserved(await reserve()), { violations: [], retryAfterMs: 30_000 });
  clock.advance(-3_600_000);
  expect(expectReserved(await reserve()).at).toBe(startMs - 3_600_000 + 30_000);
});

test('waits for a whole retry delay of 40 minutes if the window is an hour long', async () => {
  const clock = createManualClock(Date.UTC(2026, 10, 22, 12));
  const store = createMemoryQuotaStore();
  const limiter = createRateLimiter({ store, clock, project: 'p', windowMs: 3_600_000 });
  const request = { model: 'm', estimatedTokens: 1, limitsFor: () => ({}) };
  // If the window were a minute long, the pause would be limited to ten minutes.
  await limiter.recordRejection(expectReserved(await limiter.reserve(request)), {
    violations: [],
    retryAfterMs: 2_400_000,
  });
  expect(expectReserved(await limiter.reserve(request)).at).toBe(clock.now() + 2_400_000);
});

test('if a rejection names the exceeded limit, reports this limit as the reason for the wait, with `isLimitGuessed: false`', async () => {
  const { reserve, limiter } = createTestLimiter();
  const limitsFor = (): Limits => ({ rpm: { value: 10, source: 'built-in' } });
  const reject = async (unit: QuotaViolation['unit']) =>
    limiter.recordRejection(expectReserved(await reserve({ limitsFor })), {
      violations: [{ per: 'minute', unit }],
      retryAfterMs: 30_000,
    });
  await reject('tokens');
  expect(expectReserved(await reserve({ limitsFor }))).toMatchObject({ reason: 'tpm', isLimitGuessed: false });
  await reject('requests');
  expect(expectReserved(await reserve({ limitsFor }))).toMatchObject({ reason: 'rpm', isLimitGuessed: false });
});

test('if the clock is set back by a day after the daily quota was used up, blocks the model only until the current day ends', async () => {
  const { reserve, limiter, clock, startMs } = createTestLimiter();
  clock.advance(86_400_000);
  const first = expectReserved(await reserve());
  await limiter.recordRejection(first, { violations: [], blockedUntil: clock.now() + 20 * 3_600_000 });
  clock.advance(-86_400_000);
  const reservation = await reserve();
  expect(reservation).toMatchObject({ state: 'blocked', at: startMs + 20 * 3_600_000 });
});

const createMinuteRejection = (limit: number) => ({
  violations: [{ per: 'minute', unit: 'requests', limit } as const],
  retryAfterMs: 1000,
});
const request = {
  model: 'm',
  estimatedTokens: 1,
  limitsFor: () => ({ rpm: { value: 30, source: 'settings' } as const }),
};

test('does not widen the safety margin for concurrent requests that are rejected with the same new limit', async () => {
  const store = createMemoryQuotaStore();
  const limiter = createRateLimiter({ store, clock: createManualClock(), project: 'p' });
  const reservations: Reservation[] = [];
  for (let n = 0; n < 8; n += 1) reservations.push(expectReserved(await limiter.reserve(request)));
  for (const each of reservations) await limiter.confirm(each);
  for (const each of reservations.slice(5)) await limiter.recordRejection(each, createMinuteRejection(5));
  const state = (await store.readAll()).values().next().value;
  expect(state?.marginFactor).toBe(1);
});

test('narrows a widened safety margin to its normal size after a long time without rejections', async () => {
  const clock = createManualClock();
  const store = createMemoryQuotaStore();
  const limiter = createRateLimiter({ store, clock, project: 'p' });
  const send = async () => {
    const reservation = expectReserved(await limiter.reserve(request));
    clock.advance(Math.max(0, reservation.at - clock.now()));
    expect(await limiter.confirm(reservation)).toBe('go');
    return reservation;
  };
  await limiter.recordRejection(await send(), createMinuteRejection(30));
  await limiter.recordRejection(await send(), createMinuteRejection(30));
  expect((await store.readAll()).values().next().value?.marginFactor).toBe(2);
  clock.advance(60_000);
  for (let n = 0; n < 3000; n += 1) await limiter.settle(await send(), { promptTokens: 1, servedModel: 'm' });
  expect((await store.readAll()).values().next().value?.marginFactor).toBe(1);
});
