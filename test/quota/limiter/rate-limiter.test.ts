import { expect, test } from 'vitest';
import type { Reservation } from '../../../src/quota/limiter/rate-limiter.js';
import { computeEffectiveLimits, type Limits } from '../../../src/quota/limits.js';
import { createTestLimiter, expectReserved } from './limiter-fixture.js';

test('schedules a burst of requests for now, up to the limit, and delays the others by a window and its safety margin', async () => {
  const { reserve, startMs } = createTestLimiter();
  const times: number[] = [];
  for (let n = 0; n < 12; n += 1) times.push(expectReserved(await reserve()).at - startMs);
  expect(times).toEqual([...Array(10).fill(0), 60_500, 60_500]);
});

test('gives the time of a cancelled reservation to the next request', async () => {
  const { reserve, limiter, startMs } = createTestLimiter();
  let last = expectReserved(await reserve());
  for (let n = 0; n < 9; n += 1) last = expectReserved(await reserve());
  await limiter.cancel(last);
  expect(expectReserved(await reserve()).at).toBe(startMs);
});

test('fails at once and reserves nothing if the wait would exceed the deadline', async () => {
  const { reserve, readReservations, startMs } = createTestLimiter();
  for (let n = 0; n < 10; n += 1) await reserve();
  expect(await reserve({ deadline: startMs + 30_000 })).toEqual({
    state: 'too-late',
    model: 'm',
    at: startMs + 60_500,
  });
  expect(await readReservations()).toHaveLength(10);
});

test('accepts a request that need not wait, even if its deadline has passed', async () => {
  const { reserve, clock } = createTestLimiter();
  const deadline = clock.now();
  clock.advance(3);
  expect(expectReserved(await reserve({ deadline })).at).toBe(clock.now());
});

test('confirms a reservation that is less than a window late, and replaces one that is more than a window late', async () => {
  const { reserve, limiter, clock } = createTestLimiter();
  const first = expectReserved(await reserve());
  clock.advance(400);
  expect(await limiter.confirm(first)).toBe('go');
  const second = expectReserved(await reserve());
  clock.advance(3_600_000);
  expect(expectReserved(await limiter.confirm(second)).at).toBe(clock.now());
});

test('moves pending reservations to earlier times when another reservation is cancelled', async () => {
  const { reserve, limiter, clock, startMs } = createTestLimiter();
  const all: Reservation[] = [];
  for (let n = 0; n < 22; n += 1) all.push(expectReserved(await reserve()));
  const [first, eleventh, twelfth, last] = [0, 10, 11, 21].map((n) => all[n] as Reservation);
  expect([eleventh?.at, last?.at]).toEqual([startMs + 60_500, startMs + 121_000]);
  for (const one of all.slice(1, 10)) await limiter.confirm(one);
  clock.advance(1000);
  await limiter.cancel(first as Reservation);
  expect(expectReserved(await limiter.reschedule(eleventh as Reservation)).at).toBe(clock.now());
  expect(expectReserved(await limiter.reschedule(twelfth as Reservation)).at).toBe(startMs + 60_500);
  // Each `reschedule` moves every pending reservation to the earliest free time. The eleventh reservation moved to now,
  // and the twenty-first took the place of the eleventh in the second window. The twelfth to twenty-first fill the
  // second window, so the last reservation keeps its time.
  expect(expectReserved(await limiter.reschedule(last as Reservation)).at).toBe(startMs + 121_000);
});

test('moves pending reservations to earlier times when a prompt had fewer tokens than estimated', async () => {
  const { reserve, limiter, startMs } = createTestLimiter();
  const limitsFor = (): Limits => ({ tpm: { value: 200, source: 'settings' } });
  const request = { estimatedTokens: 100, limitsFor };
  const first = expectReserved(await reserve(request));
  expectReserved(await reserve(request));
  const third = expectReserved(await reserve(request));
  expect(third.at).toBe(startMs + 60_500);
  await limiter.confirm(first);
  await limiter.settle(first, { promptTokens: 50, servedModel: 'm' });
  expect(expectReserved(await limiter.reschedule(third)).at).toBe(startMs);
});

test('keeps the token estimate of a request if its reply has no token count', async () => {
  const { reserve, limiter, startMs } = createTestLimiter();
  const limitsFor = (): Limits => ({ tpm: { value: 200, source: 'settings' } });
  const request = { estimatedTokens: 100, limitsFor };
  const first = expectReserved(await reserve(request));
  expectReserved(await reserve(request));
  await limiter.confirm(first);
  await limiter.settle(first, { servedModel: 'm' });
  expect(expectReserved(await reserve(request)).at).toBe(startMs + 60_500);
});

test('refuses requests until the day ends at a configured daily limit, but not at a built-in one', async () => {
  for (const source of ['settings', 'built-in'] as const) {
    const { reserve } = createTestLimiter();
    const limits: Limits = { rpd: { value: 3, source } };
    for (let n = 0; n < 3; n += 1) expectReserved(await reserve({ limitsFor: () => limits }));
    expect((await reserve({ limitsFor: () => limits })).state).toBe(source === 'settings' ? 'blocked' : 'reserved');
  }
});

test('removes a request from the count of its day if its process ended before sending it', async () => {
  const { reserve, clock, readState } = createTestLimiter();
  const limits: Limits = { rpd: { value: 1, source: 'settings' } };
  expectReserved(await reserve({ limitsFor: () => limits }));
  expect((await reserve({ limitsFor: () => limits })).state).toBe('blocked');
  clock.advance(10 * 60_000);
  expect((await reserve({ limitsFor: () => limits })).state).toBe('reserved');
  expect((await readState()).days).toMatchObject([{ count: 1 }]);
});

test('ends the day at midnight in Los Angeles on the day on which daylight saving time ends', async () => {
  // 2026-11-01 has 25 hours there: 20:00 UTC is 12:00, and the day ends at 08:00 UTC.
  const { reserve } = createTestLimiter({ startMs: Date.UTC(2026, 10, 1, 20) });
  const limits: Limits = { rpd: { value: 1, source: 'settings' } };
  await reserve({ limitsFor: () => limits });
  expect(await reserve({ limitsFor: () => limits })).toMatchObject({
    state: 'blocked',
    at: Date.UTC(2026, 10, 2, 8),
  });
});

test('counts requests to an alias under the model that serves it, even after the alias changes its model', async () => {
  const { reserve, limiter, readReservations } = createTestLimiter();
  const first = expectReserved(await reserve({ model: 'latest' }));
  expect(first.model).toBe('latest');
  await limiter.settle(first, { promptTokens: 12, servedModel: 'gemini-x' });
  expect(await readReservations('latest')).toEqual([]);
  expect(await readReservations('gemini-x')).toMatchObject([{ id: first.id, tokens: 12 }]);
  expect(expectReserved(await reserve({ model: 'latest' })).model).toBe('gemini-x');
  // The alias changes its model; the previous one keeps its state.
  const third = expectReserved(await reserve({ model: 'latest' }));
  await limiter.settle(third, { promptTokens: 12, servedModel: 'gemini-y' });
  expect(expectReserved(await reserve({ model: 'latest' })).model).toBe('gemini-y');
  expect(expectReserved(await reserve({ model: 'gemini-x' })).model).toBe('gemini-x');
});

test('moves all reservations of an alias when its model becomes known', async () => {
  const { reserve, limiter, readReservations, startMs } = createTestLimiter();
  const all: Reservation[] = [];
  for (let n = 0; n < 12; n += 1) all.push(expectReserved(await reserve({ model: 'latest' })));
  for (const one of all.slice(0, 10)) expect(await limiter.confirm(one)).toBe('go');
  await limiter.settle(all[0] as Reservation, { promptTokens: 10, servedModel: 'gemini-x' });
  expect(await readReservations('latest')).toEqual([]);
  expect(await readReservations('gemini-x')).toHaveLength(12);
  // Ten are sent and two are pending, so a request to the model by its own name waits for the next minute too.
  expect(expectReserved(await reserve({ model: 'gemini-x' })).at).toBe(startMs + 60_500);
  expect(expectReserved(await limiter.confirm(all[11] as Reservation))).toMatchObject({
    at: startMs + 60_500,
    model: 'gemini-x',
  });
  await limiter.cancel(all[11] as Reservation);
  expect(await readReservations('gemini-x')).toHaveLength(12);
});

test('reserves tokens by estimate, settles them by the count, and corrects later estimates', async () => {
  const { reserve, limiter, readState, startMs } = createTestLimiter();
  const limits: Limits = { tpm: { value: 1000, source: 'settings' } };
  const first = expectReserved(await reserve({ estimatedTokens: 400, limitsFor: () => limits }));
  await limiter.settle(first, { promptTokens: 800, servedModel: 'm' });
  expect((await readState()).tokenRatio).toBe(2);
  // 150 estimated are now 300, which do not fit into the minute with the 800 counted ones.
  expect(expectReserved(await reserve({ estimatedTokens: 150, limitsFor: () => limits }))).toMatchObject({
    at: startMs + 60_500,
    reason: 'tpm',
  });
});

test('reserves a whole window for a request that alone exceeds the tokens per minute', async () => {
  const { reserve, startMs } = createTestLimiter();
  const limits: Limits = { tpm: { value: 100, source: 'settings' } };
  expect(expectReserved(await reserve({ estimatedTokens: 500, limitsFor: () => limits })).at).toBe(startMs);
  expect(expectReserved(await reserve({ estimatedTokens: 5, limitsFor: () => limits })).at).toBe(startMs + 60_500);
});

test('waits for one window, and not for the hour by which the clock is set back', async () => {
  const { reserve, clock, startMs } = createTestLimiter();
  for (let n = 0; n < 10; n += 1) await reserve();
  clock.advance(-3_600_000);
  // The earlier requests count as just sent: the wait is a full window, not an hour.
  expect(expectReserved(await reserve()).at).toBe(startMs - 3_600_000 + 60_500);
});

test('multiplies a limit by its entry of `limitMultipliers`, but allows at least one request', async () => {
  const { reserve, startMs } = createTestLimiter({ limitMultipliers: { rpm: 0.25 } });
  expect(
    [expectReserved(await reserve()).at, expectReserved(await reserve()).at, expectReserved(await reserve()).at].map(
      (at) => at - startMs,
    ),
  ).toEqual([0, 0, 60_500]);
  expect(computeEffectiveLimits({ rpm: { value: 2, source: 'flag' } }, { learned: {} }, { rpm: 0.1 }).rpm?.value).toBe(
    1,
  );
});

// The columns: the source and value of the configured limit, the learned value, and the value and source in force. In
// all rows, the service once accepted 40 requests in one window.
test.each([
  [
    'a learned limit replaces a lower built-in limit, even if the service once accepted more requests in a window than the learned limit allows',
    'built-in',
    10,
    15,
    15,
    'learned',
  ],
  ['a learned limit replaces a higher setting', 'settings', 30, 5, 5, 'learned'],
  ['a lower setting stays in force', 'settings', 3, 5, 3, 'settings'],
  ['a lower flag stays in force', 'flag', 3, 5, 3, 'flag'],
] as const)('%s', (_, source, configured, learnedValue, value, effectiveSource) => {
  const learned = { rpm: { value: learnedValue, learnedAt: 0 } };
  expect(
    computeEffectiveLimits({ rpm: { value: configured, source } }, { learned, maxAcceptedPerWindow: 40 }).rpm,
  ).toEqual({
    value,
    source: effectiveSource,
  });
});
