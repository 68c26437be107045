import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { emptyPage, type Page } from '../../../src/quota/limiter/model-state.js';
import { type Booked, createQuotaBook, type QuotaBook } from '../../../src/quota/limiter/rate-limiter.js';
import type { Limits } from '../../../src/quota/limits.js';
import { connectRedis } from '../../../src/quota/redis/connection.js';
import { createRedisBook } from '../../../src/quota/redis/redis-limiter.js';
import { createRedisKeeper } from '../../../src/quota/redis/redis-store.js';
import { createMemoryKeeper } from '../../../src/quota/stores/memory-store.js';
import { createManualClock } from '../../helpers/manual-clock.js';
import { startRedisServer, withoutRedis } from '../../helpers/redis-server.js';

const startMs = Date.UTC(2026, 10, 22, 7, 58);

/** A step of a story that is told to two books. */
const steps = fc.array(
  fc.record({
    afterMs: fc.oneof(
      fc.constant(0),
      fc.integer({ min: 0, max: 700 }),
      fc.integer({ min: 0, max: 30_000 }),
      // Days, and a clock that is set back.
      fc.integer({ min: -7_200_000, max: 200_000_000 }),
    ),
    what: fc.constantFrom('book', 'book', 'book', 'confirm', 'confirm', 'cancel', 'settle', 'refuse', 'close', 'sent'),
    which: fc.nat({ max: 30 }),
    tokens: fc.integer({ min: 1, max: 2500 }),
    model: fc.constantFrom('latest', 'm', 'n'),
    patienceMs: fc.option(fc.integer({ min: 0, max: 90_000 }), { nil: undefined }),
  }),
  { minLength: 1, maxLength: 40 },
);
type Step = typeof steps extends fc.Arbitrary<(infer Each)[]> ? Each : never;

const allLimits: fc.Arbitrary<Limits> = fc
  .record({
    source: fc.constantFrom('settings', 'built-in', 'flag'),
    rpm: fc.option(fc.integer({ min: 1, max: 6 }), { nil: undefined }),
    tpm: fc.option(fc.integer({ min: 50, max: 3000 }), { nil: undefined }),
    rpd: fc.option(fc.integer({ min: 1, max: 15 }), { nil: undefined }),
  })
  .map(({ source, ...numbers }) => {
    const set = Object.entries(numbers).filter(([, value]) => value !== undefined);
    return Object.fromEntries(set.map(([kind, value]) => [kind, { value, source }]));
  });

/** Does a step with a book. Ids are the story's own. */
async function take(book: QuotaBook, step: Step, made: Booked[], { limits, now }: { limits: Limits; now: number }) {
  const { what, which, tokens, model, patienceMs } = step;
  const id = `id-${made.length}`;
  const wish = {
    ...{ model, estimatedTokens: tokens, limitsOf: () => limits },
    ...(patienceMs !== undefined && { latest: now + patienceMs }),
  };
  const one = made[which % Math.max(1, made.length)];
  if (what === 'book' || what === 'sent' || !one) {
    const booking = what === 'sent' ? await book.sent(wish, id) : await book.book(wish, id);
    if (booking.state === 'booked') made.push(booking);
    return booking;
  }
  if (what === 'confirm') {
    const answer = await book.confirm(one);
    if (answer !== 'go' && answer.state === 'booked') made[made.indexOf(one)] = answer;
    return answer;
  }
  if (what === 'cancel') return book.cancel(one);
  const servedModel = model === 'latest' ? 'm' : model;
  if (what === 'settle') return book.settle(one, { promptTokens: tokens, servedModel });
  const facts = [{ per: 'minute', unit: 'requests', limit: 1 + (tokens % 9) }] as const;
  if (what === 'refuse') return book.learn(one, { facts, retryAfterMs: tokens * 3.7 });
  // As the service does, which closes days at midnight in Los Angeles.
  const { nextPacificMidnight } = await import('../../../src/driver/pacific-day.js');
  return book.learn(one, { facts: [], closedUntil: nextPacificMidnight(now).getTime() });
}

/** An answer without its functions, and without whose it is. */
function plain(answer: unknown) {
  if (typeof answer !== 'object') return answer;
  const { shared: _, ...rest } = JSON.parse(JSON.stringify(answer));
  return rest;
}

/** What is the same in both, whoever keeps it. */
function comparable(pages: Map<string, Page>) {
  const entries = [...pages].map(([key, { edition: _, ...page }]) => [key, page] as const);
  // A page that was only looked at is not there in Redis.
  return Object.fromEntries(entries.filter(([, page]) => !isDeepStrictEqual(page, emptyPage())));
}

describe.skipIf(withoutRedis)(`the book in Redis${withoutRedis ? ` (${withoutRedis})` : ''}`, () => {
  test('plans as the book in TypeScript does, to the letter of every page', async () => {
    const { url } = await startRedisServer(onTestFinished);
    const clock = createManualClock(startMs);
    const connection = connectRedis({ url, clock, patienceMs: 10_000, serverTime: clock.now });
    onTestFinished(connection.close);
    await fc.assert(
      fc.asyncProperty(
        steps,
        allLimits,
        fc.constantFrom(1500, 4000, 60_000),
        fc.constantFrom({}, { rpm: 0.5 }),
        async (story, limits, windowMs, budget) => {
          clock.advance(startMs - clock.now());
          const options = { project: 'p', windowMs, budget };
          const memory = createMemoryKeeper();
          const redis = createRedisKeeper({ connection, prefix: `${randomUUID()}:` });
          const books = [
            createQuotaBook({ ...options, keeper: memory, clock }),
            createRedisBook({ ...options, keeper: redis, connection }),
          ] as const;
          const made: [Booked[], Booked[]] = [[], []];
          for (const step of story) {
            clock.advance(step.afterMs);
            const now = clock.now();
            const here = await take(books[0], step, made[0], { limits, now });
            const there = await take(books[1], step, made[1], { limits, now });
            expect(plain(there)).toEqual(plain(here));
            expect(comparable(await redis.pages())).toEqual(comparable(await memory.pages()));
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});
