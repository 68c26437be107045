import { describe, expect, test } from 'vitest';
import type { ModelState } from '../../../src/quota/limiter/model-state.js';
import { computeMarginMs } from '../../../src/quota/limiter/schedule.js';
import type { Limits } from '../../../src/quota/limits.js';
import { createTestLimiter, expectReserved } from './limiter-fixture.js';

const windowMs = 60_000;

/** Reserves, confirms and settles requests, one every `everyMs`. Returns the state. */
async function serve(
  { limiter, clock, readState }: ReturnType<typeof createTestLimiter>,
  { requests, everyMs, limits = {} }: { requests: number; everyMs: number; limits?: Limits },
): Promise<ModelState> {
  for (let index = 0; index < requests; index += 1) {
    const request = { model: 'm', estimatedTokens: 10, countedTokens: 10, limitsFor: () => limits };
    const reservation = expectReserved(await limiter.reserve(request));
    clock.advance(Math.max(0, reservation.at - clock.now()));
    await limiter.confirm(reservation);
    await limiter.settle(reservation, { promptTokens: 12, servedModel: 'm' });
    clock.advance(everyMs);
  }
  return readState();
}

describe('settled reservations', () => {
  test('are not merged while there are at most 60', async () => {
    const { reservations } = await serve(createTestLimiter(), { requests: 60, everyMs: 1000 });
    expect(reservations).toHaveLength(60);
    expect(reservations.every(({ requests }) => requests === undefined)).toBe(true);
  });

  test('are merged at high rates, so that the state stays small and the sums stay the same', async () => {
    const { reservations, days } = await serve(createTestLimiter(), { requests: 2000, everyMs: 20 });
    // The first 60 stay separate. The others are merged into one for each slice of 600 ms.
    expect(reservations.length).toBeLessThan(140);
    expect(reservations.reduce((sum, { requests = 1 }) => sum + requests, 0)).toBe(2000);
    expect(reservations.reduce((sum, { tokens }) => sum + tokens, 0)).toBe(2000 * 12);
    expect(days).toMatchObject([{ count: 2000 }]);
  });

  test('are merged so that no window exceeds its limit, and 2000 requests take at most 2% + 5 s longer than the limit requires', async () => {
    const fixture = createTestLimiter();
    const limits: Limits = { rpm: { value: 400, source: 'settings' } };
    const startedAt = fixture.clock.now();
    const sentAt: number[] = [];
    for (let index = 0; index < 2000; index += 1) {
      await serve(fixture, { requests: 1, everyMs: index % 7, limits });
      sentAt.push(fixture.clock.now() - (index % 7));
    }
    for (const [index, at] of sentAt.entries())
      expect(at - (sentAt[index - 400] ?? Number.NEGATIVE_INFINITY)).toBeGreaterThanOrEqual(windowMs);
    const elapsedMs = fixture.clock.now() - startedAt;
    // 2000 requests are five groups of 400. The first group need not wait.
    const normalMarginMs = computeMarginMs(windowMs, 1);
    const idealMs = 4 * (windowMs + normalMarginMs);
    expect(elapsedMs).toBeLessThan(idealMs * 1.02 + 5000);
  });

  test('are not merged with a request that was sent but has no reply yet', async () => {
    const fixture = createTestLimiter();
    const { limiter } = fixture;
    await serve(fixture, { requests: 70, everyMs: 0 });
    const request = { model: 'm', estimatedTokens: 10, limitsFor: () => ({}) };
    const unsettled = expectReserved(await limiter.reserve(request));
    await limiter.confirm(unsettled);
    const { reservations } = await serve(fixture, { requests: 10, everyMs: 0 });
    expect(reservations.find(({ id }) => id === unsettled.id)).toMatchObject({ confirmed: true, tokens: 10 });
    await limiter.settle(unsettled, { promptTokens: 12, servedModel: 'm' });
    const state = await fixture.readState();
    // The first 60 requests stay separate. The 10 after them, `unsettled` and the last 10 are merged.
    expect(state.reservations.at(-1)).toMatchObject({ requests: 21, tokens: 21 * 12 });
  });
});
