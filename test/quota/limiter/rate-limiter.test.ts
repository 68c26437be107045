import { expect, test } from 'vitest';
import type { Reservation } from '../../../src/quota/limiter/rate-limiter.js';
import { computeEffectiveLimits, type Limits } from '../../../src/quota/limits.js';
import { createTestLimiter, expectReserved } from './limiter-fixture.js';

test('a burst up to the limit goes at once, the next one after the window and its guard', async () => {
  const { reserve, startMs } = createTestLimiter();
  const times: number[] = [];
  for (let n = 0; n < 12; n += 1) times.push(expectReserved(await reserve()).at - startMs);
  expect(times).toEqual([...Array(10).fill(0), 60_500, 60_500]);
});

test('an appointment given up is free for the next one', async () => {
  const { reserve, limiter, startMs } = createTestLimiter();
  let last = expectReserved(await reserve());
  for (let n = 0; n < 9; n += 1) last = expectReserved(await reserve());
  await limiter.cancel(last);
  expect(expectReserved(await reserve()).at).toBe(startMs);
});

test('whoever would not wait so long is told at once, and books nothing', async () => {
  const { reserve, readState, startMs } = createTestLimiter();
  for (let n = 0; n < 10; n += 1) await reserve();
  expect(await reserve({ deadline: startMs + 30_000 })).toEqual({
    state: 'too-late',
    model: 'm',
    at: startMs + 60_500,
  });
  expect((await readState()).appointments).toHaveLength(10);
});

test('what need not wait is not too late, however long the booking itself took', async () => {
  const { reserve, clock } = createTestLimiter();
  const latest = clock.now();
  clock.advance(3);
  expect(expectReserved(await reserve({ deadline: latest })).at).toBe(clock.now());
});

test('an appointment that was missed by a window is made anew; a late one is kept', async () => {
  const { reserve, limiter, clock } = createTestLimiter();
  const first = expectReserved(await reserve());
  clock.advance(400);
  expect(await limiter.confirm(first)).toBe('go');
  const second = expectReserved(await reserve());
  clock.advance(3_600_000);
  expect(expectReserved(await limiter.confirm(second)).at).toBe(clock.now());
});

test('whoever looks again moves up into room that came free, and everyone behind moves up too', async () => {
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
  expect(expectReserved(await limiter.reschedule(last as Reservation)).at).toBe(startMs + 61_500 + 60_500 - 1000);
});

test('tokens that turn out fewer than estimated let those who wait move up', async () => {
  const { reserve, limiter, startMs } = createTestLimiter();
  const resolveLimits = (): Limits => ({ tpm: { value: 200, source: 'settings' } });
  const request = { estimatedTokens: 100, resolveLimits };
  const first = expectReserved(await reserve(request));
  expectReserved(await reserve(request));
  const third = expectReserved(await reserve(request));
  expect(third.at).toBe(startMs + 60_500);
  await limiter.confirm(first);
  await limiter.settle(first, { promptTokens: 50, servedModel: 'm' });
  expect(expectReserved(await limiter.reschedule(third)).at).toBe(startMs);
});

test('a day closes when it has as many requests as the user or the service allow, never by a guess', async () => {
  for (const source of ['settings', 'built-in'] as const) {
    const { reserve } = createTestLimiter();
    const limits: Limits = { rpd: { value: 3, source } };
    for (let n = 0; n < 3; n += 1) expectReserved(await reserve({ resolveLimits: () => limits }));
    expect((await reserve({ resolveLimits: () => limits })).state).toBe(source === 'settings' ? 'closed' : 'booked');
  }
});

test('an appointment whose maker died before sending is given back to the day', async () => {
  const { reserve, clock, readState } = createTestLimiter();
  const limits: Limits = { rpd: { value: 1, source: 'settings' } };
  expectReserved(await reserve({ resolveLimits: () => limits }));
  expect((await reserve({ resolveLimits: () => limits })).state).toBe('closed');
  clock.advance(10 * 60_000);
  expect((await reserve({ resolveLimits: () => limits })).state).toBe('booked');
  expect((await readState()).days).toMatchObject([{ count: 1 }]);
});

test('the day ends at midnight in Los Angeles, also when clocks change', async () => {
  // 2026-11-01 has 25 hours there: 20:00 UTC is 12:00, and the day ends at 08:00 UTC.
  const { reserve } = createTestLimiter({ startMs: Date.UTC(2026, 10, 1, 20) });
  const limits: Limits = { rpd: { value: 1, source: 'settings' } };
  await reserve({ resolveLimits: () => limits });
  expect(await reserve({ resolveLimits: () => limits })).toMatchObject({
    state: 'closed',
    at: Date.UTC(2026, 10, 2, 8),
  });
});

test('an alias is booked under the model that it was seen to stand for', async () => {
  const { reserve, limiter, readState } = createTestLimiter();
  const first = expectReserved(await reserve({ model: 'latest' }));
  expect(first.model).toBe('latest');
  await limiter.settle(first, { promptTokens: 12, servedModel: 'gemini-x' });
  expect((await readState('latest')).appointments).toEqual([]);
  expect((await readState('gemini-x')).appointments).toMatchObject([{ id: first.id, tokens: 12 }]);
  expect(expectReserved(await reserve({ model: 'latest' })).model).toBe('gemini-x');
  // The alias moves on; the model that it stood for before is left as it is.
  const third = expectReserved(await reserve({ model: 'latest' }));
  await limiter.settle(third, { promptTokens: 12, servedModel: 'gemini-y' });
  expect(expectReserved(await reserve({ model: 'latest' })).model).toBe('gemini-y');
  expect(expectReserved(await reserve({ model: 'gemini-x' })).model).toBe('gemini-x');
});

test('what is under way when an alias becomes known counts where it belongs', async () => {
  const { reserve, limiter, readState, startMs } = createTestLimiter();
  const all: Reservation[] = [];
  for (let n = 0; n < 12; n += 1) all.push(expectReserved(await reserve({ model: 'latest' })));
  for (const one of all.slice(0, 10)) expect(await limiter.confirm(one)).toBe('go');
  await limiter.settle(all[0] as Reservation, { promptTokens: 10, servedModel: 'gemini-x' });
  expect((await readState('latest')).appointments).toEqual([]);
  expect((await readState('gemini-x')).appointments).toHaveLength(12);
  // Ten have gone and two wait for the next minute: so must whoever asks for the model by its own name.
  expect(expectReserved(await reserve({ model: 'gemini-x' })).at).toBe(startMs + 60_500);
  expect(expectReserved(await limiter.confirm(all[11] as Reservation))).toMatchObject({
    at: startMs + 60_500,
    model: 'gemini-x',
  });
  await limiter.cancel(all[11] as Reservation);
  expect((await readState('gemini-x')).appointments).toHaveLength(12);
});

test('tokens are booked by estimate, settled by the count, and estimates learn from it', async () => {
  const { reserve, limiter, readState, startMs } = createTestLimiter();
  const limits: Limits = { tpm: { value: 1000, source: 'settings' } };
  const first = expectReserved(await reserve({ estimatedTokens: 400, resolveLimits: () => limits }));
  await limiter.settle(first, { promptTokens: 800, servedModel: 'm' });
  expect((await readState()).tokenRatio).toBe(2);
  // 150 estimated are 300 now: with the 800 that were counted they do not fit into this minute.
  expect(expectReserved(await reserve({ estimatedTokens: 150, resolveLimits: () => limits }))).toMatchObject({
    at: startMs + 60_500,
    reason: 'tpm',
  });
});

test('a request larger than a minute goes alone, and is not refused', async () => {
  const { reserve, startMs } = createTestLimiter();
  const limits: Limits = { tpm: { value: 100, source: 'settings' } };
  expect(expectReserved(await reserve({ estimatedTokens: 500, resolveLimits: () => limits })).at).toBe(startMs);
  expect(expectReserved(await reserve({ estimatedTokens: 5, resolveLimits: () => limits })).at).toBe(startMs + 60_500);
});

test('a clock that is set back makes nobody wait for the old time', async () => {
  const { reserve, clock, startMs } = createTestLimiter();
  for (let n = 0; n < 10; n += 1) await reserve();
  clock.advance(-3_600_000);
  // What was sent just before counts as just sent: the full window is waited out, not the hour.
  expect(expectReserved(await reserve()).at).toBe(startMs - 3_600_000 + 60_500);
});

test('the budget leaves a share of each limit alone, and never all of it', async () => {
  const { reserve, startMs } = createTestLimiter({ budget: { rpm: 0.25 } });
  expect(
    [expectReserved(await reserve()).at, expectReserved(await reserve()).at, expectReserved(await reserve()).at].map(
      (at) => at - startMs,
    ),
  ).toEqual([0, 0, 60_500]);
  expect(computeEffectiveLimits({ rpm: { value: 2, source: 'flag' } }, {}, { rpm: 0.1 }).rpm?.value).toBe(1);
});

test.each([
  ['a guess gives way to what the service said, be it more or less', 'built-in', 10, 15, 15, 'learned'],
  ['a setting that is higher gives way', 'settings', 30, 5, 5, 'learned'],
  ['a setting that is lower is the wish of the user', 'settings', 3, 5, 3, 'settings'],
  ['a flag that is lower too', 'flag', 3, 5, 3, 'flag'],
] as const)('%s', (_, source, given, said, value, by) => {
  const learned = { rpm: { value: said, learnedAt: 0 } };
  expect(computeEffectiveLimits({ rpm: { value: given, source } }, learned).rpm).toEqual({ value, source: by });
});
