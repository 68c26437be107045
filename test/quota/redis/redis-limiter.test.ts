import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { ModelState } from '../../../src/quota/limiter/model-state.js';
import { modelStateKey } from '../../../src/quota/limiter/model-state-access.js';
import { createRateLimiter, type RateLimiter, type Reservation } from '../../../src/quota/limiter/rate-limiter.js';
import type { Limits } from '../../../src/quota/limits.js';
import { connectRedis } from '../../../src/quota/redis/connection.js';
import { createRedisRateLimiter } from '../../../src/quota/redis/redis-limiter.js';
import { createRedisQuotaStore } from '../../../src/quota/redis/redis-store.js';
import { createMemoryQuotaStore } from '../../../src/quota/stores/memory-store.js';
import { createManualClock } from '../../helpers/manual-clock.js';
import { redisSkipReason, startRedisServer } from '../../helpers/redis-server.js';

const startMs = Date.UTC(2026, 10, 22, 7, 58);

/** A sequence of steps to perform with two limiters. */
const steps = fc.array(
  fc.record({
    afterMs: fc.oneof(
      fc.constant(0),
      fc.integer({ min: 0, max: 700 }),
      fc.integer({ min: 0, max: 30_000 }),
      // Up to two days later, or up to two hours earlier, as when the clock is set back.
      fc.integer({ min: -7_200_000, max: 200_000_000 }),
    ),
    what: fc.constantFrom(
      'reserve',
      'reserve',
      'reserve',
      'confirm',
      'confirm',
      'cancel',
      'settle',
      'reject',
      'reject tokens',
      'pause project',
      'block',
      'record sent',
      // Seven at once, so that a sequence can reach the number of reservations above which they are merged.
      'send and settle seven',
    ),
    /** Selects one of the reservations made so far. */
    which: fc.nat({ max: 30 }),
    tokens: fc.integer({ min: 1, max: 2500 }),
    model: fc.constantFrom('latest', 'm', 'n'),
    /**
     * `tokens` is an estimate. With `counted`, the request also has the service's own count of its tokens. With `may
     * exceed limit`, quota is reserved even if `tokens` exceeds a learned limit of tokens per minute.
     */
    tokenKind: fc.constantFrom('counted', 'estimated', 'estimated', 'may exceed limit'),
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

/**
 * Reservations in which several requests are merged (see merge-settled.ts) and which exist before the first step.
 * `agoMs` is their age at the start.
 */
const mergedReservations = fc.array(
  fc.record({ agoMs: fc.nat({ max: 60_000 }), requests: fc.integer({ min: 1, max: 5 }), tokens: fc.nat({ max: 900 }) }),
  { maxLength: 4 },
);
type Merged = typeof mergedReservations extends fc.Arbitrary<infer Each> ? Each : never;

/** Adds merged reservations to the state of the model `m`. */
function addMerged(state: ModelState, merged: Merged): void {
  for (const [index, { agoMs, ...sums }] of merged.toSorted((left, right) => right.agoMs - left.agoMs).entries()) {
    const at = startMs - agoMs;
    state.reservations.push({ id: `merged-${index}`, at, bookedAt: at, confirmed: true, ...sums });
  }
}

/**
 * Performs a step with a limiter, and adds a new reservation to `made`, or replaces a changed one in it. Ids are fixed,
 * so that both limiters use the same ones.
 */
async function runStep(
  limiter: RateLimiter,
  step: Step,
  made: Reservation[],
  { limits, now }: { limits: Limits; now: number },
) {
  const { what, which, tokens, model, tokenKind, patienceMs } = step;
  const id = `id-${made.length}`;
  const request = {
    ...{ model, estimatedTokens: tokens, limitsFor: () => limits },
    ...(tokenKind === 'counted' && { countedTokens: Math.ceil(tokens * 0.7) }),
    ...(tokenKind === 'may exceed limit' && { ignoresTokenLimit: true }),
    ...(patienceMs !== undefined && { deadline: now + patienceMs }),
  };
  const selected = made[which % Math.max(1, made.length)];
  if (what === 'send and settle seven') {
    for (let index = 0; index < 7; index += 1) {
      const sent = await limiter.recordSent(request, `${id}-${which}-${now}-${index}`);
      await limiter.settle(sent, { promptTokens: tokens, servedModel: 'm' });
    }
    return undefined;
  }
  if (what === 'reserve' || what === 'record sent' || !selected) {
    const reservation =
      what === 'record sent' ? await limiter.recordSent(request, id) : await limiter.reserve(request, id);
    if (reservation.state === 'reserved') made.push(reservation);
    return reservation;
  }
  if (what === 'confirm') {
    const outcome = await limiter.confirm(selected);
    if (outcome !== 'go' && outcome.state === 'reserved') made[made.indexOf(selected)] = outcome;
    return outcome;
  }
  if (what === 'cancel') return limiter.cancel(selected);
  const servedModel = model === 'latest' ? 'm' : model;
  if (what === 'settle') return limiter.settle(selected, { promptTokens: tokens, servedModel });
  const violations = [{ per: 'minute', unit: 'requests', limit: 1 + (tokens % 9) }] as const;
  if (what === 'pause project') return limiter.recordRejection(selected, { violations: [], pausesProject: true });
  if (what === 'reject tokens') {
    const tokenViolations = [{ per: 'minute', unit: 'tokens', limit: tokens } as const];
    return limiter.recordRejection(selected, { violations: tokenViolations, retryAfterMs: 100 });
  }
  if (what === 'reject') return limiter.recordRejection(selected, { violations, retryAfterMs: tokens * 3.7 });
  // The step is 'block': the API accepts no requests until midnight in Los Angeles, as if the daily quota were used up,
  // or until another time.
  const { getNextPacificMidnight } = await import('../../../src/driver/pacific-day.js');
  const blockedUntil = tokens % 2 === 0 ? getNextPacificMidnight(now).getTime() : now + tokens * 20_011;
  return limiter.recordRejection(selected, { violations: [], blockedUntil });
}

/** Returns a result without functions and without `isInRedis`. */
function plain(outcome: unknown) {
  if (typeof outcome !== 'object') return outcome;
  const { isInRedis: _, ...rest } = JSON.parse(JSON.stringify(outcome));
  return rest;
}

/** Returns the states without `stateId`, the random id that only Redis gives a state. */
function withoutStateIds(states: Map<string, ModelState>) {
  return Object.fromEntries([...states].map(([key, { stateId: _, ...state }]) => [key, state]));
}

describe.skipIf(redisSkipReason)(`the limiter in Redis${redisSkipReason ? ` (${redisSkipReason})` : ''}`, () => {
  test('returns the same results and stores the same states as the limiter in TypeScript', async () => {
    const { url } = await startRedisServer(onTestFinished);
    const clock = createManualClock(startMs);
    const connection = connectRedis({ url, clock, timeoutMs: 10_000, serverTime: clock.now });
    onTestFinished(connection.close);
    await fc.assert(
      fc.asyncProperty(
        steps,
        allLimits,
        fc.constantFrom(1500, 4000, 60_000),
        fc.constantFrom({}, { rpm: 0.5 }),
        mergedReservations,
        async (sequence, limits, windowMs, limitMultipliers, merged) => {
          clock.advance(startMs - clock.now());
          const options = { project: 'p', windowMs, limitMultipliers };
          const memory = createMemoryQuotaStore();
          const redis = createRedisQuotaStore({ connection, prefix: `${randomUUID()}:` });
          for (const store of [memory, redis])
            await store.transact(modelStateKey('p', 'm'), (state) => addMerged(state, merged));
          const limiters = [
            createRateLimiter({ ...options, store: memory, clock }),
            createRedisRateLimiter({ ...options, store: redis, connection }),
          ] as const;
          const made: [Reservation[], Reservation[]] = [[], []];
          for (const step of sequence) {
            clock.advance(step.afterMs);
            const now = clock.now();
            const expected = await runStep(limiters[0], step, made[0], { limits, now });
            const actual = await runStep(limiters[1], step, made[1], { limits, now });
            expect(plain(actual)).toEqual(plain(expected));
            expect(withoutStateIds(await redis.readAll())).toEqual(withoutStateIds(await memory.readAll()));
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});
