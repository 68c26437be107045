import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { modelStateKey } from '../../../src/quota/limiter/model-state-access.js';
import type { Reservation } from '../../../src/quota/limiter/rate-limiter.js';
import { computeMarginMs } from '../../../src/quota/limiter/schedule.js';
import type { Limits } from '../../../src/quota/limits.js';
import { createManualClock } from '../../helpers/manual-clock.js';
import { redisSkipReason } from '../../helpers/redis-server.js';
import { createLimiterKinds, type LimiterKind } from './limiter-kinds.js';

/** A request that arrives some time after the one before it. */
interface Arrival {
  afterMs: number;
  tokens: number;
}

interface Scenario {
  windowMs: number;
  rpm: number | undefined;
  tpm: number | undefined;
  rpd: number | undefined;
  arrivals: Arrival[];
}

const scenarios: fc.Arbitrary<Scenario> = fc.record({
  windowMs: fc.constantFrom(1000, 4000, 60_000),
  rpm: fc.option(fc.integer({ min: 1, max: 12 }), { nil: undefined }),
  tpm: fc.option(fc.integer({ min: 50, max: 2000 }), { nil: undefined }),
  rpd: fc.option(fc.integer({ min: 1, max: 40 }), { nil: undefined }),
  arrivals: fc.array(
    fc.record({
      // Bursts, a steady trickle, and pauses longer than a window.
      afterMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 500 }), fc.integer({ min: 0, max: 90_000 })),
      tokens: fc.integer({ min: 1, max: 2500 }),
    }),
    { minLength: 1, maxLength: 60 },
  ),
});

const startMs = Date.UTC(2026, 10, 22, 7, 58);

/** Reserves quota for each request when it arrives, and returns the results. */
async function schedule({ open }: LimiterKind, { windowMs, arrivals, ...numbers }: Scenario) {
  const clock = createManualClock(startMs);
  const limits: Limits = {};
  for (const kind of ['rpm', 'tpm', 'rpd'] as const) {
    const value = numbers[kind];
    if (value !== undefined) limits[kind] = { value, source: 'settings' };
  }
  const { limiter, store, project } = await open(clock, { windowMs });
  const reserved: { at: number; tokens: number; askedAt: number }[] = [];
  // The requests that were refused, and the end of the block.
  const refused: { askedAt: number; until: number }[] = [];
  for (const { afterMs, tokens } of arrivals) {
    clock.advance(afterMs);
    const askedAt = clock.now();
    const result = await limiter.reserve({ model: 'm', estimatedTokens: tokens, limitsFor: () => limits });
    if (result.state === 'reserved') reserved.push({ at: result.at, tokens, askedAt });
    else if (result.state === 'blocked') refused.push({ askedAt, until: result.at });
    // Confirms all: an unconfirmed reservation would expire.
    await store.transact(modelStateKey(project, 'm'), (state) => {
      for (const reservation of state.reservations) reservation.confirmed = true;
    });
  }
  return { reserved, refused };
}

const dayMs = 86_400_000;
/** The Pacific midnight that is two minutes after the start. */
const midnightMs = Date.UTC(2026, 10, 22, 8);
const dayIndex = (at: number) => Math.floor((at - midnightMs) / dayMs);

describe.each(createLimiterKinds())('a limiter in $name', (kind) => {
  test('never exceeds a limit per sliding window or per day, even if requests are sent late by up to the safety margin', async () => {
    await fc.assert(
      fc.asyncProperty(
        scenarios,
        fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })),
        async (scenario, delayFractions) => {
          const { windowMs, rpm, tpm, rpd } = scenario;
          const marginMs = computeMarginMs(windowMs, 1);
          const { reserved } = await schedule(kind, scenario);
          const sent = reserved.map(({ at, tokens }) => ({
            at: at + marginMs * (delayFractions.next().value ?? 0),
            tokens,
          }));
          sent.sort((left, right) => left.at - right.at);
          for (const { at } of sent) {
            // Checks every window that ends with a request. The requests of any other window are in one of these, too.
            const inside = sent.filter((other) => other.at <= at && other.at > at - windowMs);
            if (rpm !== undefined) expect(inside.length).toBeLessThanOrEqual(rpm);
            const sum = inside.reduce((total, { tokens }) => total + tokens, 0);
            if (tpm !== undefined && inside.length > 1) expect(sum).toBeLessThanOrEqual(tpm);
          }
          const perDay = new Map<number, number>();
          for (const { at } of reserved) perDay.set(dayIndex(at), (perDay.get(dayIndex(at)) ?? 0) + 1);
          for (const count of perDay.values()) if (rpd !== undefined) expect(count).toBeLessThanOrEqual(rpd);
        },
      ),
      { numRuns: kind.scaleRuns(500) },
    );
  });

  test('schedules each request as early as possible in order of arrival', async () => {
    await fc.assert(
      fc.asyncProperty(scenarios, async (scenario) => {
        const { windowMs, rpm, tpm } = scenario;
        const spanMs = windowMs + computeMarginMs(windowMs, 1);
        const { reserved } = await schedule(kind, scenario);
        for (const [index, { at, tokens, askedAt }] of reserved.entries()) {
          const before = reserved.slice(0, index);
          const earliest = Math.max(askedAt, before.at(-1)?.at ?? 0);
          expect(at).toBeGreaterThanOrEqual(earliest);
          if (at === earliest) continue;
          // Checks, without the limiter's code, that the request would not have fitted one millisecond earlier.
          const inside = before.filter((other) => other.at > at - 1 - spanMs);
          const tooMany = rpm !== undefined && inside.length >= rpm;
          const sum = inside.reduce((total, other) => total + other.tokens, tokens);
          const tooLarge = tpm !== undefined && inside.length > 0 && sum > tpm;
          expect(tooMany || tooLarge).toBe(true);
        }
      }),
      { numRuns: kind.scaleRuns(500) },
    );
  });

  test('refuses a request only if the day is full, until the next midnight in Los Angeles', async () => {
    await fc.assert(
      fc.asyncProperty(scenarios, async (scenario) => {
        const { rpd } = scenario;
        const { reserved, refused } = await schedule(kind, scenario);
        if (rpd === undefined) expect(refused).toEqual([]);
        for (const { askedAt, until } of refused) {
          expect((until - midnightMs) % dayMs).toBe(0);
          expect(until).toBeGreaterThan(askedAt);
          const onFullDay = reserved.filter((one) => dayIndex(one.at) === dayIndex(until) - 1);
          expect(onFullDay.length).toBe(rpd);
        }
      }),
      { numRuns: kind.scaleRuns(250) },
    );
  });

  test('never exceeds the limit when reservations are cancelled, confirmed, missed, or moved to later or earlier times', async () => {
    const steps = fc.array(
      fc.record({
        afterMs: fc.integer({ min: 0, max: 900 }),
        what: fc.constantFrom('reserve', 'reserve', 'reserve', 'cancel', 'reject', 'sleep', 'move earlier'),
      }),
      { minLength: 5, maxLength: 60 },
    );
    await fc.assert(
      fc.asyncProperty(steps, fc.integer({ min: 1, max: 8 }), async (sequence, rpm) => {
        const windowMs = 2000;
        const clock = createManualClock(startMs);
        const { limiter } = await kind.open(clock, { windowMs });
        const limits: Limits = { rpm: { value: rpm, source: 'settings' } };
        const sent: number[] = [];
        let waiting: Reservation[] = [];
        /** Confirms all reservations up to a time: each at its time, or all at the end if the machine slept. */
        const confirmUntil = async (until: number, slept: boolean) => {
          for (;;) {
            const next = waiting.sort((left, right) => left.at - right.at)[0];
            if (!next || next.at > until) break;
            if (!slept) clock.advance(Math.max(0, next.at - clock.now()));
            else clock.advance(Math.max(0, until - clock.now()));
            waiting = waiting.filter((one) => one !== next);
            const outcome = await limiter.confirm(next);
            if (outcome === 'go') sent.push(clock.now());
            else if (outcome.state === 'reserved') waiting.push(outcome);
          }
          clock.advance(Math.max(0, until - clock.now()));
        };
        for (const { afterMs, what } of sequence) {
          await confirmUntil(clock.now() + afterMs, what === 'sleep');
          const one = waiting.at(-1);
          if (what === 'cancel' && one) {
            waiting.pop();
            await limiter.cancel(one);
          } else if (what === 'move earlier' && one) {
            waiting.pop();
            const outcome = await limiter.reschedule(one);
            if (outcome.state === 'reserved') waiting.push(outcome);
          } else if (what === 'reject' && one) {
            await limiter.recordRejection(one, { violations: [], retryAfterMs: 300 });
          } else {
            const reservation = await limiter.reserve({ model: 'm', estimatedTokens: 1, limitsFor: () => limits });
            if (reservation.state === 'reserved') waiting.push(reservation);
          }
        }
        await confirmUntil(clock.now() + 1_000_000, false);
        expect(waiting).toEqual([]);
        for (const at of sent) {
          expect(sent.filter((other) => other <= at && other > at - windowMs).length).toBeLessThanOrEqual(rpm);
        }
      }),
      { numRuns: kind.scaleRuns(250) },
    );
  });
});

if (redisSkipReason !== undefined) test.skip(`Redis tests: ${redisSkipReason}`);
