import { expect, test } from 'vitest';
import { createRateLimiter } from '../../../src/quota/limiter/rate-limiter.js';
import { createMemoryQuotaStore } from '../../../src/quota/stores/memory-store.js';
import { createManualClock } from '../../helpers/manual-clock.js';

const minute = (limit: number) => ({
  violations: [{ per: 'minute', unit: 'requests', limit } as const],
  retryAfterMs: 1000,
});
const request = {
  model: 'm',
  estimatedTokens: 1,
  resolveLimits: () => ({ rpm: { value: 30, source: 'settings' } as const }),
};

test('requests under way together that are refused together widen the guard at most once', async () => {
  const store = createMemoryQuotaStore();
  const limiter = createRateLimiter({ store, clock: createManualClock(), project: 'p' });
  const reservation = [];
  for (let n = 0; n < 8; n += 1) reservation.push(await limiter.reserve(request));
  for (const each of reservation) if (each.state === 'booked') await limiter.confirm(each);
  for (const each of reservation.slice(5)) if (each.state === 'booked') await limiter.recordRejection(each, minute(5));
  const state = (await store.readAll()).values().next().value;
  expect(state?.guardFactor).toBe(1);
});

test('a guard that a refusal widened narrows again when replies come for long', async () => {
  const clock = createManualClock();
  const store = createMemoryQuotaStore();
  const limiter = createRateLimiter({ store, clock, project: 'p' });
  const send = async () => {
    const reservation = await limiter.reserve(request);
    if (reservation.state !== 'booked') throw new Error(reservation.state);
    clock.advance(Math.max(0, reservation.at - clock.now()));
    expect(await limiter.confirm(reservation)).toBe('go');
    return reservation;
  };
  await limiter.recordRejection(await send(), minute(30));
  await limiter.recordRejection(await send(), minute(30));
  clock.advance(60_000);
  for (let n = 0; n < 3000; n += 1) await limiter.settle(await send(), { promptTokens: 1, servedModel: 'm' });
  expect((await store.readAll()).values().next().value?.guardFactor).toBe(1);
});
