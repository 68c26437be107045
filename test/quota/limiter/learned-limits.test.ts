import { expect, test } from 'vitest';
import type { QuotaViolation } from '../../../src/errors.js';
import {
  createRateLimiter,
  type Reservation,
  type ReservationFailure,
} from '../../../src/quota/limiter/rate-limiter.js';
import type { Limits } from '../../../src/quota/limits.js';
import { createMemoryQuotaStore } from '../../../src/quota/stores/memory-store.js';
import { createManualClock } from '../../helpers/manual-clock.js';
import { createMinuteViolation, createTestLimiter, expectReserved } from './limiter-fixture.js';

test('a limit that the service names holds for all, and moves the appointments still to come', async () => {
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
  // Three were booked for this moment. Now there is room for two, and for the third a minute later.
  expect([await limiter.confirm(all[10] as Reservation), await limiter.confirm(all[11] as Reservation)]).toEqual([
    'go',
    'go',
  ]);
  expect(expectReserved(await limiter.confirm(all[12] as Reservation)).at).toBe(startMs + 121_000);
});

test('no appointment is before the moment that the service named when it refused', async () => {
  const { reserve, limiter, startMs } = createTestLimiter();
  const first = expectReserved(await reserve());
  await limiter.recordRejection(first, { violations: [createMinuteViolation(10)], retryAfterMs: 17_300 });
  expect(expectReserved(await reserve())).toMatchObject({ at: startMs + 17_300, reason: 'rpm' });
});

test('a refusal in spite of the book widens the guard; one that teaches a lower limit does not', async () => {
  const { reserve, limiter, clock, readState } = createTestLimiter();
  await limiter.recordRejection(expectReserved(await reserve()), {
    violations: [createMinuteViolation(5)],
    retryAfterMs: 1,
  });
  expect((await readState()).guardFactor).toBe(1);
  clock.advance(10);
  await limiter.recordRejection(expectReserved(await reserve()), {
    violations: [createMinuteViolation(5)],
    retryAfterMs: 1,
  });
  expect((await readState()).guardFactor).toBe(2);
});

test('a refusal without a word of when is waited out, longer each time, until a reply comes', async () => {
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

test('a day that the service closed is closed for everyone until it ends', async () => {
  const { reserve, limiter, clock, startMs } = createTestLimiter();
  const until = startMs + 20 * 3_600_000;
  const first = expectReserved(await reserve());
  const second = expectReserved(await reserve());
  await limiter.recordRejection(first, {
    violations: [{ per: 'day', unit: 'requests', limit: 20 }],
    closedUntil: until,
  });
  expect(await reserve()).toEqual({ state: 'closed', model: 'm', at: until });
  expect(await limiter.confirm(second)).toEqual({ state: 'closed', model: 'm', at: until });
  clock.advance(20 * 3_600_000);
  expect(expectReserved(await reserve()).at).toBe(clock.now());
});

test('a refusal that names the model behind an alias teaches that model', async () => {
  const { reserve, limiter, readState } = createTestLimiter();
  const first = expectReserved(await reserve({ model: 'latest' }));
  await limiter.recordRejection(first, {
    violations: [{ ...createMinuteViolation(5), model: 'gemini-x' }],
    retryAfterMs: 1000,
  });
  expect((await readState('gemini-x')).learned.rpm?.value).toBe(5);
  expect(expectReserved(await reserve({ model: 'latest' })).model).toBe('gemini-x');
});

test('a refusal of a time before the clock was set back is waited out as it was asked for', async () => {
  const { reserve, limiter, clock, startMs } = createTestLimiter();
  await limiter.recordRejection(expectReserved(await reserve()), { violations: [], retryAfterMs: 30_000 });
  clock.advance(-3_600_000);
  expect(expectReserved(await reserve()).at).toBe(startMs - 3_600_000 + 30_000);
});

test('where a "minute" is longer a refusal is believed for as long', async () => {
  const clock = createManualClock(Date.UTC(2026, 10, 22, 12));
  const store = createMemoryQuotaStore();
  const limiter = createRateLimiter({ store, clock, project: 'p', windowMs: 3_600_000 });
  const request = { model: 'm', estimatedTokens: 1, resolveLimits: () => ({}) };
  await limiter.recordRejection(expectReserved(await limiter.reserve(request)), {
    violations: [],
    retryAfterMs: 2_400_000,
  });
  expect(expectReserved(await limiter.reserve(request)).at).toBe(clock.now() + 2_400_000);
});

test('a wait that the service asked for has the reason of the refusal, and is no guess', async () => {
  const { reserve, limiter } = createTestLimiter();
  const limitsOf = (): Limits => ({ rpm: { value: 10, source: 'built-in' } });
  const refuse = async (unit: QuotaViolation['unit']) =>
    limiter.recordRejection(expectReserved(await reserve({ resolveLimits: limitsOf })), {
      violations: [{ per: 'minute', unit }],
      retryAfterMs: 30_000,
    });
  await refuse('tokens');
  expect(expectReserved(await reserve({ resolveLimits: limitsOf }))).toMatchObject({ reason: 'tpm', guessed: false });
  await refuse('requests');
  expect(expectReserved(await reserve({ resolveLimits: limitsOf }))).toMatchObject({ reason: 'rpm', guessed: false });
});

test('a clock that jumps forward a day and back again leaves a day closed until its end, and no longer', async () => {
  const { reserve, limiter, clock, startMs } = createTestLimiter();
  clock.advance(86_400_000);
  const first = expectReserved(await reserve());
  await limiter.recordRejection(first, { violations: [], closedUntil: clock.now() + 20 * 3_600_000 });
  clock.advance(-86_400_000);
  const reservation = await reserve();
  expect(reservation.state).toBe('closed');
  expect((reservation as ReservationFailure).at).toBe(startMs + 20 * 3_600_000);
});
