import { expect, test, vi } from 'vitest';
import type { DriverEvent } from '../../../src/driver/driver-events.js';
import { createConcurrencyLimiter } from '../../../src/quota/limiter/concurrency-limiter.js';
import { modelStateKey } from '../../../src/quota/limiter/model-state-access.js';
import type { Limits } from '../../../src/quota/limits.js';
import { createMemoryQuotaStore } from '../../../src/quota/stores/memory-store.js';
import { createManualClock } from '../../helpers/manual-clock.js';

test.each([
  ['', 0],
  [', even if the clock was an hour ahead when the process took the concurrency slot', 3_600_000],
])('frees the concurrency slot of a dead process within 16 seconds%s', async (_, clockWasAheadMs) => {
  const clock = createManualClock();
  const store = createMemoryQuotaStore();
  const limits: Limits = { maxConcurrent: { value: 1, source: 'settings' } };
  const limiter = createConcurrencyLimiter({ store, clock, project: 'p', limitsFor: () => limits });
  await store.transact(modelStateKey('p', 'm'), (state) => {
    state.concurrencySlots.push({ id: 'dead process', expiresAt: clock.now() + clockWasAheadMs + 15_000 });
  });
  const events: DriverEvent[] = [];
  const startedAt = clock.now();
  const lease = await limiter.acquire('m', { emit: (event) => void events.push(event) });
  await lease.release();
  expect(clock.now() - startedAt).toBeLessThanOrEqual(16_000);
  expect(events).toMatchObject([{ type: 'wait', reason: 'concurrency', waitMs: 15_000 }]);
});

test('reports the value of a built-in limit, as a guess, when a request waits for a slot', async () => {
  const clock = createManualClock();
  const limits: Limits = { maxConcurrent: { value: 1, source: 'built-in' } };
  const store = createMemoryQuotaStore();
  const limiter = createConcurrencyLimiter({ store, clock, project: 'p', limitsFor: () => limits });
  await store.transact(modelStateKey('p', 'm'), (state) => {
    state.concurrencySlots.push({ id: 'dead process', expiresAt: clock.now() + 3000 });
  });
  const events: DriverEvent[] = [];
  await (await limiter.acquire('m', { emit: (event) => void events.push(event) })).release();
  expect(events).toMatchObject([{ type: 'wait', reason: 'concurrency', guessed: true, limit: 1 }]);
});

test('fails if no slot becomes free within the maximum wait, and succeeds once a slot is free', async () => {
  const clock = createManualClock();
  const store = createMemoryQuotaStore();
  const limits: Limits = { maxConcurrent: { value: 1, source: 'settings' } };
  const limiter = createConcurrencyLimiter({ store, clock, project: 'p', limitsFor: () => limits, maxWaitMs: 2000 });
  const limiterWithoutWait = createConcurrencyLimiter({
    store,
    clock,
    project: 'p',
    limitsFor: () => limits,
    maxWaitMs: 0,
  });
  const startedAt = clock.now();
  const lease = await limiterWithoutWait.acquire('m', {});
  await expect(limiter.acquire('m', {})).rejects.toMatchObject({ code: 'rate_limited', isTransient: false });
  expect(clock.now() - startedAt).toBe(2000);
  await expect(limiterWithoutWait.acquire('m', {})).rejects.toMatchObject({ code: 'rate_limited' });
  expect(clock.now() - startedAt, 'with a maximum of 0, there is no wait').toBe(2000);
  await lease.release();
  await (await limiter.acquire('m', {})).release();
});

test('frees the slot even if a renewal is under way when the lease is released', async () => {
  const store = createMemoryQuotaStore();
  const clock = createManualClock();
  const limits: Limits = { maxConcurrent: { value: 1, source: 'settings' } };
  let delayNext = false;
  let finishRenewal = () => {};
  const transact: typeof store.transact = async (key, change) => {
    if (delayNext) {
      delayNext = false;
      await new Promise<void>((resolve) => {
        finishRenewal = resolve;
      });
    }
    return store.transact(key, change);
  };
  const slowStore = { ...store, transact };
  const limiter = createConcurrencyLimiter({
    store: slowStore,
    clock,
    project: 'p',
    limitsFor: () => limits,
    leaseMs: 40,
  });
  const lease = await limiter.acquire('m', {});
  delayNext = true;
  await vi.waitFor(() => expect(delayNext).toBe(false));
  const released = lease.release();
  setTimeout(finishRenewal, 20);
  await released;
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect((await store.read(modelStateKey('p', 'm')))?.concurrencySlots).toEqual([]);
});
