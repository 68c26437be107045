import { expect, test } from 'vitest';
import type { QuotaFact } from '../../../src/errors.js';
import { type Booked, createQuotaBook, type NotBooked } from '../../../src/quota/limiter/rate-limiter.js';
import type { Limits } from '../../../src/quota/limits.js';
import { createMemoryKeeper } from '../../../src/quota/stores/memory-store.js';
import { createManualClock } from '../../helpers/manual-clock.js';
import { booked, perMinute, rig } from '../book-rig.js';

test('a limit that the service names holds for all, and moves the appointments still to come', async () => {
  const { ask, book, clock, page, startMs } = rig();
  const all: Booked[] = [];
  for (let n = 0; n < 13; n += 1) all.push(booked(await ask()));
  for (const one of all.slice(0, 10)) await book.confirm(one);
  await book.learn(all[9] as Booked, { facts: [perMinute(2)], retryAfterMs: 20_000 });
  expect((await page()).learned.rpm).toEqual({ value: 2, learnedAt: startMs });
  clock.advance(60_500);
  // Three were booked for this moment. Now there is room for two, and for the third a minute later.
  expect([await book.confirm(all[10] as Booked), await book.confirm(all[11] as Booked)]).toEqual(['go', 'go']);
  expect(booked(await book.confirm(all[12] as Booked)).at).toBe(startMs + 121_000);
});

test('no appointment is before the moment that the service named when it refused', async () => {
  const { ask, book, startMs } = rig();
  const first = booked(await ask());
  await book.learn(first, { facts: [perMinute(10)], retryAfterMs: 17_300 });
  expect(booked(await ask())).toMatchObject({ at: startMs + 17_300, reason: 'rpm' });
});

test('a refusal in spite of the book widens the guard; one that teaches a lower limit does not', async () => {
  const { ask, book, clock, page } = rig();
  await book.learn(booked(await ask()), { facts: [perMinute(5)], retryAfterMs: 1 });
  expect((await page()).guardFactor).toBe(1);
  clock.advance(10);
  await book.learn(booked(await ask()), { facts: [perMinute(5)], retryAfterMs: 1 });
  expect((await page()).guardFactor).toBe(2);
});

test('a refusal without a word of when is waited out, longer each time, until a reply comes', async () => {
  const { ask, book, clock } = rig();
  const pauses: number[] = [];
  let one = booked(await ask());
  for (let n = 0; n < 8; n += 1) {
    await book.learn(one, { facts: [] });
    one = booked(await ask());
    pauses.push(one.at - clock.now());
    clock.advance(one.at - clock.now());
  }
  expect(pauses).toEqual([2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]);
  await book.settle(one, { promptTokens: 10, servedModel: 'm' });
  await book.learn(one, { facts: [] });
  expect(booked(await ask()).at - clock.now()).toBe(2000);
});

test('a day that the service closed is closed for everyone until it ends', async () => {
  const { ask, book, clock, startMs } = rig();
  const until = startMs + 20 * 3_600_000;
  const first = booked(await ask());
  const second = booked(await ask());
  await book.learn(first, { facts: [{ per: 'day', unit: 'requests', limit: 20 }], closedUntil: until });
  expect(await ask()).toEqual({ state: 'closed', model: 'm', at: until });
  expect(await book.confirm(second)).toEqual({ state: 'closed', model: 'm', at: until });
  clock.advance(20 * 3_600_000);
  expect(booked(await ask()).at).toBe(clock.now());
});

test('a refusal that names the model behind an alias teaches that model', async () => {
  const { ask, book, page } = rig();
  const first = booked(await ask({ model: 'latest' }));
  await book.learn(first, { facts: [{ ...perMinute(5), model: 'gemini-x' }], retryAfterMs: 1000 });
  expect((await page('gemini-x')).learned.rpm?.value).toBe(5);
  expect(booked(await ask({ model: 'latest' })).model).toBe('gemini-x');
});

test('a refusal of a time before the clock was set back is waited out as it was asked for', async () => {
  const { ask, book, clock, startMs } = rig();
  await book.learn(booked(await ask()), { facts: [], retryAfterMs: 30_000 });
  clock.advance(-3_600_000);
  expect(booked(await ask()).at).toBe(startMs - 3_600_000 + 30_000);
});

test('where a "minute" is longer a refusal is believed for as long', async () => {
  const clock = createManualClock(Date.UTC(2026, 10, 22, 12));
  const keeper = createMemoryKeeper();
  const book = createQuotaBook({ keeper, clock, project: 'p', windowMs: 3_600_000 });
  const wish = { model: 'm', estimatedTokens: 1, limitsOf: () => ({}) };
  await book.learn(booked(await book.book(wish)), { facts: [], retryAfterMs: 2_400_000 });
  expect(booked(await book.book(wish)).at).toBe(clock.now() + 2_400_000);
});

test('a wait that the service asked for has the reason of the refusal, and is no guess', async () => {
  const { ask, book } = rig();
  const limitsOf = (): Limits => ({ rpm: { value: 10, source: 'built-in' } });
  const refuse = async (unit: QuotaFact['unit']) =>
    book.learn(booked(await ask({ limitsOf })), { facts: [{ per: 'minute', unit }], retryAfterMs: 30_000 });
  await refuse('tokens');
  expect(booked(await ask({ limitsOf }))).toMatchObject({ reason: 'tpm', guessed: false });
  await refuse('requests');
  expect(booked(await ask({ limitsOf }))).toMatchObject({ reason: 'rpm', guessed: false });
});

test('a clock that jumps forward a day and back again leaves a day closed until its end, and no longer', async () => {
  const { ask, book, clock, startMs } = rig();
  clock.advance(86_400_000);
  const first = booked(await ask());
  await book.learn(first, { facts: [], closedUntil: clock.now() + 20 * 3_600_000 });
  clock.advance(-86_400_000);
  const booking = await ask();
  expect(booking.state).toBe('closed');
  expect((booking as NotBooked).at).toBe(startMs + 20 * 3_600_000);
});
