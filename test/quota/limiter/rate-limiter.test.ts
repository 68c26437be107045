import { expect, test } from 'vitest';
import type { Booked } from '../../../src/quota/limiter/rate-limiter.js';
import { effectiveLimits, type Limits } from '../../../src/quota/limits.js';
import { booked, rig } from '../book-rig.js';

test('a burst up to the limit goes at once, the next one after the window and its guard', async () => {
  const { ask, startMs } = rig();
  const times: number[] = [];
  for (let n = 0; n < 12; n += 1) times.push(booked(await ask()).at - startMs);
  expect(times).toEqual([...Array(10).fill(0), 60_500, 60_500]);
});

test('an appointment given up is free for the next one', async () => {
  const { ask, book, startMs } = rig();
  let last = booked(await ask());
  for (let n = 0; n < 9; n += 1) last = booked(await ask());
  await book.cancel(last);
  expect(booked(await ask()).at).toBe(startMs);
});

test('whoever would not wait so long is told at once, and books nothing', async () => {
  const { ask, page, startMs } = rig();
  for (let n = 0; n < 10; n += 1) await ask();
  expect(await ask({ latest: startMs + 30_000 })).toEqual({ state: 'too-late', model: 'm', at: startMs + 60_500 });
  expect((await page()).appointments).toHaveLength(10);
});

test('what need not wait is not too late, however long the booking itself took', async () => {
  const { ask, clock } = rig();
  const latest = clock.now();
  clock.advance(3);
  expect(booked(await ask({ latest })).at).toBe(clock.now());
});

test('an appointment that was missed by a window is made anew; a late one is kept', async () => {
  const { ask, book, clock } = rig();
  const first = booked(await ask());
  clock.advance(400);
  expect(await book.confirm(first)).toBe('go');
  const second = booked(await ask());
  clock.advance(3_600_000);
  expect(booked(await book.confirm(second)).at).toBe(clock.now());
});

test('whoever looks again moves up into room that came free, and everyone behind moves up too', async () => {
  const { ask, book, clock, startMs } = rig();
  const all: Booked[] = [];
  for (let n = 0; n < 22; n += 1) all.push(booked(await ask()));
  const [first, eleventh, twelfth, last] = [0, 10, 11, 21].map((n) => all[n] as Booked);
  expect([eleventh?.at, last?.at]).toEqual([startMs + 60_500, startMs + 121_000]);
  for (const one of all.slice(1, 10)) await book.confirm(one);
  clock.advance(1000);
  await book.cancel(first as Booked);
  expect(booked(await book.look(eleventh as Booked)).at).toBe(clock.now());
  expect(booked(await book.look(twelfth as Booked)).at).toBe(startMs + 60_500);
  expect(booked(await book.look(last as Booked)).at).toBe(startMs + 61_500 + 60_500 - 1000);
});

test('tokens that turn out fewer than estimated let those who wait move up', async () => {
  const { ask, book, startMs } = rig();
  const limitsOf = (): Limits => ({ tpm: { value: 200, source: 'settings' } });
  const wish = { estimatedTokens: 100, limitsOf };
  const first = booked(await ask(wish));
  booked(await ask(wish));
  const third = booked(await ask(wish));
  expect(third.at).toBe(startMs + 60_500);
  await book.confirm(first);
  await book.settle(first, { promptTokens: 50, servedModel: 'm' });
  expect(booked(await book.look(third)).at).toBe(startMs);
});

test('a day closes when it has as many requests as the user or the service allow, never by a guess', async () => {
  for (const source of ['settings', 'built-in'] as const) {
    const { ask } = rig();
    const limits: Limits = { rpd: { value: 3, source } };
    for (let n = 0; n < 3; n += 1) booked(await ask({ limitsOf: () => limits }));
    expect((await ask({ limitsOf: () => limits })).state).toBe(source === 'settings' ? 'closed' : 'booked');
  }
});

test('an appointment whose maker died before sending is given back to the day', async () => {
  const { ask, clock, page } = rig();
  const limits: Limits = { rpd: { value: 1, source: 'settings' } };
  booked(await ask({ limitsOf: () => limits }));
  expect((await ask({ limitsOf: () => limits })).state).toBe('closed');
  clock.advance(10 * 60_000);
  expect((await ask({ limitsOf: () => limits })).state).toBe('booked');
  expect((await page()).days).toMatchObject([{ count: 1 }]);
});

test('the day ends at midnight in Los Angeles, also when clocks change', async () => {
  // 2026-11-01 has 25 hours there: 20:00 UTC is 12:00, and the day ends at 08:00 UTC.
  const { ask } = rig({ startMs: Date.UTC(2026, 10, 1, 20) });
  const limits: Limits = { rpd: { value: 1, source: 'settings' } };
  await ask({ limitsOf: () => limits });
  expect(await ask({ limitsOf: () => limits })).toMatchObject({ state: 'closed', at: Date.UTC(2026, 10, 2, 8) });
});

test('an alias is booked under the model that it was seen to stand for', async () => {
  const { ask, book, page } = rig();
  const first = booked(await ask({ model: 'latest' }));
  expect(first.model).toBe('latest');
  await book.settle(first, { promptTokens: 12, servedModel: 'gemini-x' });
  expect((await page('latest')).appointments).toEqual([]);
  expect((await page('gemini-x')).appointments).toMatchObject([{ id: first.id, tokens: 12 }]);
  expect(booked(await ask({ model: 'latest' })).model).toBe('gemini-x');
  // The alias moves on; the model that it stood for before is left as it is.
  const third = booked(await ask({ model: 'latest' }));
  await book.settle(third, { promptTokens: 12, servedModel: 'gemini-y' });
  expect(booked(await ask({ model: 'latest' })).model).toBe('gemini-y');
  expect(booked(await ask({ model: 'gemini-x' })).model).toBe('gemini-x');
});

test('what is under way when an alias becomes known counts where it belongs', async () => {
  const { ask, book, page, startMs } = rig();
  const all: Booked[] = [];
  for (let n = 0; n < 12; n += 1) all.push(booked(await ask({ model: 'latest' })));
  for (const one of all.slice(0, 10)) expect(await book.confirm(one)).toBe('go');
  await book.settle(all[0] as Booked, { promptTokens: 10, servedModel: 'gemini-x' });
  expect((await page('latest')).appointments).toEqual([]);
  expect((await page('gemini-x')).appointments).toHaveLength(12);
  // Ten have gone and two wait for the next minute: so must whoever asks for the model by its own name.
  expect(booked(await ask({ model: 'gemini-x' })).at).toBe(startMs + 60_500);
  expect(booked(await book.confirm(all[11] as Booked))).toMatchObject({ at: startMs + 60_500, model: 'gemini-x' });
  await book.cancel(all[11] as Booked);
  expect((await page('gemini-x')).appointments).toHaveLength(12);
});

test('tokens are booked by estimate, settled by the count, and estimates learn from it', async () => {
  const { ask, book, page, startMs } = rig();
  const limits: Limits = { tpm: { value: 1000, source: 'settings' } };
  const first = booked(await ask({ estimatedTokens: 400, limitsOf: () => limits }));
  await book.settle(first, { promptTokens: 800, servedModel: 'm' });
  expect((await page()).tokenRatio).toBe(2);
  // 150 estimated are 300 now: with the 800 that were counted they do not fit into this minute.
  expect(booked(await ask({ estimatedTokens: 150, limitsOf: () => limits }))).toMatchObject({
    at: startMs + 60_500,
    reason: 'tpm',
  });
});

test('a request larger than a minute goes alone, and is not refused', async () => {
  const { ask, startMs } = rig();
  const limits: Limits = { tpm: { value: 100, source: 'settings' } };
  expect(booked(await ask({ estimatedTokens: 500, limitsOf: () => limits })).at).toBe(startMs);
  expect(booked(await ask({ estimatedTokens: 5, limitsOf: () => limits })).at).toBe(startMs + 60_500);
});

test('a clock that is set back makes nobody wait for the old time', async () => {
  const { ask, clock, startMs } = rig();
  for (let n = 0; n < 10; n += 1) await ask();
  clock.advance(-3_600_000);
  // What was sent just before counts as just sent: the full window is waited out, not the hour.
  expect(booked(await ask()).at).toBe(startMs - 3_600_000 + 60_500);
});

test('the budget leaves a share of each limit alone, and never all of it', async () => {
  const { ask, startMs } = rig({ budget: { rpm: 0.25 } });
  expect([booked(await ask()).at, booked(await ask()).at, booked(await ask()).at].map((at) => at - startMs)).toEqual([
    0, 0, 60_500,
  ]);
  expect(effectiveLimits({ rpm: { value: 2, source: 'flag' } }, {}, { rpm: 0.1 }).rpm?.value).toBe(1);
});

test.each([
  ['a guess gives way to what the service said, be it more or less', 'built-in', 10, 15, 15, 'learned'],
  ['a setting that is higher gives way', 'settings', 30, 5, 5, 'learned'],
  ['a setting that is lower is the wish of the user', 'settings', 3, 5, 3, 'settings'],
  ['a flag that is lower too', 'flag', 3, 5, 3, 'flag'],
] as const)('%s', (_, source, given, said, value, by) => {
  const learned = { rpm: { value: said, learnedAt: 0 } };
  expect(effectiveLimits({ rpm: { value: given, source } }, learned).rpm).toEqual({ value, source: by });
});
