import { describe, expect, test } from 'vitest';
import { forgetLearnedLimits } from '../../../src/quota/forget-learned-limits.js';
import { modelStateKey } from '../../../src/quota/limiter/model-state-access.js';
import { createRateLimiter, type RateLimiter, type Reservation } from '../../../src/quota/limiter/rate-limiter.js';
import type { Limits } from '../../../src/quota/limits.js';
import { getQuotaStatus } from '../../../src/quota/status.js';
import { createMemoryQuotaStore } from '../../../src/quota/stores/memory-store.js';
import { createManualClock } from '../../helpers/manual-clock.js';
import { expectReserved } from './limiter-fixture.js';
import { createLimiterKinds } from './limiter-kinds.js';

const startMs = Date.UTC(2026, 10, 22, 12);
const spendRejection = { violations: [], pausesProject: true };
const createReserveFunction =
  (limiter: RateLimiter, limits: Limits = {}) =>
  async (model: string, deadline?: number) =>
    limiter.reserve({ model, estimatedTokens: 1, limitsFor: () => limits, ...(deadline && { deadline }) });

describe.each(createLimiterKinds())('the pause of a project in $name', ({ open }) => {
  test('delays pending requests, and new requests to all models, whether or not a model has a state', async () => {
    const clock = createManualClock(startMs);
    const { limiter, store, project } = await open(clock, {});
    const reserve = createReserveFunction(limiter);
    const first = expectReserved(await reserve('m'));
    expect(await limiter.confirm(first)).toBe('go');
    await reserve('n');
    // The second request to the model `busy` waits for its time.
    const reserveOnceAMinute = createReserveFunction(limiter, { rpm: { value: 1, source: 'settings' } });
    await reserveOnceAMinute('busy');
    const pending = expectReserved(await reserveOnceAMinute('busy'));
    clock.advance(40_000);
    await limiter.recordRejection(first, spendRejection);

    const until = startMs + 100_000;
    for (const model of ['m', 'n', 'new']) {
      expect(expectReserved(await reserve(model))).toMatchObject({ at: until, reason: 'spend', isLimitGuessed: false });
      expect(await reserve(model, until - 1)).toEqual({ state: 'too-late', model, at: until, reason: 'spend' });
    }
    clock.advance(pending.at - clock.now());
    // `confirm` moves the reservation to the end of the pause. The request may not be sent yet.
    expect(await limiter.confirm(pending)).toMatchObject({ state: 'reserved', at: until, reason: 'spend' });
    clock.advance(until - clock.now());
    expect(await limiter.confirm(pending)).toBe('go');
    const models = getQuotaStatus({
      ...{ modelStates: await store.readAll(), models: [], limitsFor: () => ({}), project, now: clock.now() },
    });
    expect(
      models.map(({ model }) => model),
      'the project is not listed as a model',
    ).toEqual(['busy', 'm', 'n', 'new']);
  });

  test('doubles with each rejection after a pause, up to ten minutes, but only once for a burst of rejections', async () => {
    const clock = createManualClock(startMs);
    const { limiter } = await open(clock, {});
    const reserve = createReserveFunction(limiter);
    const pauses: number[] = [];
    for (let n = 0; n < 6; n += 1) {
      const burst: Reservation[] = [];
      for (const model of ['m', 'n', 'm']) burst.push(expectReserved(await reserve(model)));
      clock.advance(Math.max(0, (burst[2]?.at ?? 0) - clock.now()));
      for (const each of burst) await limiter.confirm(each);
      clock.advance(1);
      for (const each of burst) await limiter.recordRejection(each, spendRejection);
      const next = expectReserved(await reserve('m'));
      pauses.push(next.at - clock.now());
      await limiter.cancel(next);
    }
    expect(pauses.map((pauseMs) => pauseMs / 60_000)).toEqual([1, 2, 4, 8, 10, 10]);
    // After a long time the pauses are short again.
    clock.advance(3_600_000);
    await limiter.recordRejection(expectReserved(await reserve('m')), spendRejection);
    expect(expectReserved(await reserve('n')).at - clock.now()).toBe(60_000);
  });

  test('lasts for the retry delay that the service states', async () => {
    const clock = createManualClock(startMs);
    const { limiter } = await open(clock, {});
    const reserve = createReserveFunction(limiter);
    await limiter.recordRejection(expectReserved(await reserve('m')), { ...spendRejection, retryAfterMs: 31_000 });
    expect(expectReserved(await reserve('n')).at).toBe(startMs + 31_000);
  });

  test('ends for a model whose learned limits are forgotten, and for models of which nothing is stored yet', async () => {
    const clock = createManualClock(startMs);
    const { limiter, store, project } = await open(clock, {});
    const reserve = createReserveFunction(limiter);
    await limiter.recordRejection(expectReserved(await reserve('m')), spendRejection);
    await forgetLearnedLimits(store, project, 'm');
    expect(expectReserved(await reserve('m')).at).toBe(startMs);
    expect(expectReserved(await reserve('new')).at).toBe(startMs);
  });
});

test('the pause of a project delays requests through every limiter on the store, even the first request through a limiter or to a model', async () => {
  const clock = createManualClock(startMs);
  const store = createMemoryQuotaStore();
  const createLimiter = () => createRateLimiter({ store, clock, project: 'p' });
  const reserveInUnusedLimiter = createReserveFunction(createLimiter());
  const reserveInUsedLimiter = createReserveFunction(createLimiter());
  await reserveInUsedLimiter('known');
  const rejectedLimiter = createLimiter();
  const rejected = expectReserved(await createReserveFunction(rejectedLimiter)('m'));
  await rejectedLimiter.recordRejection(rejected, spendRejection);
  for (const model of ['known', 'm', 'new'])
    expect(await reserveInUsedLimiter(model)).toMatchObject({ at: startMs + 60_000 });
  expect(await reserveInUnusedLimiter('another')).toMatchObject({ at: startMs + 60_000 });
  expect((await store.readAll()).get(modelStateKey('p', 'another'))?.pauseReason).toBe('spend');
});
