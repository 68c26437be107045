import { expect, test } from 'vitest';
import { createQuotaBook } from '../../../src/quota/limiter/rate-limiter.js';
import { createMemoryKeeper } from '../../../src/quota/stores/memory-store.js';
import { createManualClock } from '../../helpers/manual-clock.js';

const minute = (limit: number) => ({
  facts: [{ per: 'minute', unit: 'requests', limit } as const],
  retryAfterMs: 1000,
});
const wish = { model: 'm', estimatedTokens: 1, limitsOf: () => ({ rpm: { value: 30, source: 'settings' } as const }) };

test('requests under way together that are refused together widen the guard at most once', async () => {
  const keeper = createMemoryKeeper();
  const book = createQuotaBook({ keeper, clock: createManualClock(), project: 'p' });
  const booked = [];
  for (let n = 0; n < 8; n += 1) booked.push(await book.book(wish));
  for (const each of booked) if (each.state === 'booked') await book.confirm(each);
  for (const each of booked.slice(5)) if (each.state === 'booked') await book.learn(each, minute(5));
  const page = (await keeper.pages()).values().next().value;
  expect(page?.guardFactor).toBe(1);
});

test('a guard that a refusal widened narrows again when replies come for long', async () => {
  const clock = createManualClock();
  const keeper = createMemoryKeeper();
  const book = createQuotaBook({ keeper, clock, project: 'p' });
  const send = async () => {
    const booked = await book.book(wish);
    if (booked.state !== 'booked') throw new Error(booked.state);
    clock.advance(Math.max(0, booked.at - clock.now()));
    expect(await book.confirm(booked)).toBe('go');
    return booked;
  };
  await book.learn(await send(), minute(30));
  await book.learn(await send(), minute(30));
  clock.advance(60_000);
  for (let n = 0; n < 3000; n += 1) await book.settle(await send(), { promptTokens: 1, servedModel: 'm' });
  expect((await keeper.pages()).values().next().value?.guardFactor).toBe(1);
});
