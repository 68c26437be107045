import { expect, test, vi } from 'vitest';
import type { Lease, MeasuredWait } from '../../src/driver/driver.js';
import type { DriverEvent } from '../../src/driver/driver-events.js';
import { withFallback } from '../../src/driver/layers/with-fallback.js';
import { withRetries } from '../../src/driver/layers/with-retries.js';
import type { GenerateRequest } from '../../src/driver/request.js';
import { QuotaExceeded } from '../../src/errors.js';
import { createConcurrencyLimiter } from '../../src/quota/limiter/concurrency-limiter.js';
import { createModelQueue } from '../../src/quota/limiter/model-queue.js';
import { modelStateKey } from '../../src/quota/limiter/model-state-access.js';
import { createRateLimiter } from '../../src/quota/limiter/rate-limiter.js';
import type { Limits } from '../../src/quota/limits.js';
import { createMemoryQuotaStore } from '../../src/quota/stores/memory-store.js';
import { withQuota } from '../../src/quota/with-quota.js';
import { createManualClock } from '../helpers/manual-clock.js';
import { createScriptedDriver, type ScriptedCall } from '../helpers/scripted-driver.js';

const request: GenerateRequest = {
  model: 'm',
  turns: [{ role: 'user', parts: [{ type: 'text', text: 'x'.repeat(400) }] }],
  parameters: {},
};

interface SetupOptions {
  maxWaitMs?: number;
  acquiresOwnSlots?: (model: string) => Promise<boolean>;
  countTokens?: () => Promise<number>;
}

const onceAMinute: Limits = { rpm: { value: 1, source: 'settings' } };

function setup(scripts: ScriptedCall[], limits = onceAMinute, options: SetupOptions = {}) {
  const { maxWaitMs, acquiresOwnSlots, countTokens } = options;
  const clock = createManualClock();
  const store = createMemoryQuotaStore();
  const inner = Object.assign(
    createScriptedDriver(scripts),
    acquiresOwnSlots && { acquiresOwnSlots },
    countTokens && { countTokens },
  );
  const limitsFor = () => limits;
  const driver = withQuota(
    {
      limiter: createRateLimiter({ store, clock, project: 'p' }),
      concurrencyLimiter: createConcurrencyLimiter({ store, clock, project: 'p', limitsFor }),
      queue: createModelQueue({ limitsFor }),
      limitsFor,
      clock,
      ...(maxWaitMs !== undefined && { maxWaitMs }),
    },
    inner,
  );
  const events: DriverEvent[] = [];
  const readState = (model: string) => store.transact(modelStateKey('p', model), (state) => structuredClone(state));
  /** Reads the reservations of a model. */
  const readReservations = async (model: string) => (await readState(model)).reservations;
  return {
    clock,
    driver,
    inner,
    events,
    emit: (event: DriverEvent) => void events.push(event),
    readState,
    readReservations,
    store,
  };
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);

const minuteUsedUp = new QuotaExceeded('rate_limited', 'the minute is used up', {
  violations: [{ per: 'minute', unit: 'requests', limit: 1 }],
  retryAfterMs: 20_000,
});

test('waits before a call until the time of its reservation, and reports the wait', async () => {
  const { driver, clock, events, emit } = setup([]);
  await driver.generate(request, { emit });
  expect(events).toEqual([]);
  await driver.generate(request, { emit });
  // The scripted driver replies as `m-001`, so `m` is an alias from then on, and its requests are counted as `m-001`.
  expect(events).toEqual([
    { type: 'wait', model: 'm-001', reason: 'rpm', waitMs: 60_500, until: '2026-11-22T12:01:00.500Z' },
  ]);
  expect(sum(clock.sleepsMs)).toBe(60_500);
});

test('counts a stream as one request and settles its token count', async () => {
  const { driver, readReservations } = setup([{ pieces: ['a', 'b', 'c'] }]);
  for await (const _ of driver.generateStream(request)) {
    // Reads the stream to its end.
  }
  expect(await readReservations('m-001')).toMatchObject([{ tokens: 10, confirmed: true }]);
});

test('retries a rejected call, learns the stated limit, and waits for the retry delay only once', async () => {
  const { driver, clock, inner, readState } = setup([{ error: minuteUsedUp }], {
    rpm: { value: 30, source: 'settings' },
  });
  const stack = withRetries({ clock, random: () => 1 }, driver);
  await stack.generate(request);
  expect(inner.requests).toHaveLength(2);
  expect(sum(clock.sleepsMs)).toBe(20_000);
  expect((await readState('m')).learned.rpm?.value).toBe(1);
});

test('learns that the day is used up, and does not send the next call', async () => {
  const retryAt = new Date(Date.UTC(2026, 10, 23, 8));
  const error = new QuotaExceeded('quota_exhausted', 'the day is used up', {
    violations: [{ per: 'day', unit: 'requests', limit: 20 }],
    retryAt,
  });
  const { driver, inner } = setup([{ error }]);
  await expect(driver.generate(request)).rejects.toBe(error);
  await expect(driver.generate(request)).rejects.toMatchObject({ code: 'quota_exhausted', retryAt });
  expect(inner.requests).toHaveLength(1);
});

test('fails at once, without sending, if the wait would exceed the maximum', async () => {
  const { driver, inner, clock } = setup([], undefined, { maxWaitMs: 5000 });
  await driver.generate(request);
  await expect(driver.generate(request)).rejects.toMatchObject({
    code: 'rate_limited',
    retryAt: new Date(clock.now() + 60_500),
    isTransient: false,
  });
  expect(inner.requests).toHaveLength(1);
  expect(clock.sleepsMs).toEqual([]);
});

test('cancels the reservation when a wait is aborted', async () => {
  const { driver, readReservations } = setup([]);
  await driver.generate(request);
  const controller = new AbortController();
  const reason = new Error('enough');
  const emit = () => controller.abort(reason);
  await expect(driver.generate(request, { emit, signal: controller.signal })).rejects.toBe(reason);
  expect(await readReservations('m-001')).toHaveLength(1);
});

test('limits concurrent calls: with two concurrency slots, a third call waits until one of the first two ends', async () => {
  const limits: Limits = { maxConcurrent: { value: 2, source: 'settings' } };
  const { driver, inner, readState } = setup([], limits);
  const streams = [1, 2, 3].map(() => driver.generateStream(request)[Symbol.asyncIterator]());
  await streams[0]?.next();
  await streams[1]?.next();
  const third = streams[2]?.next();
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(inner.requests).toHaveLength(2);
  expect((await readState('m')).concurrencySlots).toHaveLength(2);
  await streams[0]?.return?.();
  await third;
  expect(inner.requests).toHaveLength(3);
  await Promise.all(streams.map((stream) => stream.return?.()));
  expect((await readState('m')).concurrencySlots).toEqual([]);
});

test.each([
  ['acquires a concurrency slot if the driver does not acquire its own concurrency slots', false, 1],
  ['acquires no concurrency slot if the driver acquires its own concurrency slots', true, 0],
])('%s', async (_, acquiresOwnConcurrencySlots, slotCount) => {
  const limits: Limits = { maxConcurrent: { value: 1, source: 'settings' } };
  const { driver, readState } = setup([], limits, { acquiresOwnSlots: async () => acquiresOwnConcurrencySlots });
  const stream = driver.generateStream(request)[Symbol.asyncIterator]();
  await stream.next();
  expect((await readState('m')).concurrencySlots).toHaveLength(slotCount);
  await stream.return?.();
});

test('lets a driver that acquires its own concurrency slots acquire a slot that outlives the call', async () => {
  const limits: Limits = { maxConcurrent: { value: 1, source: 'settings' } };
  const leases: (Promise<Lease> | undefined)[] = [];
  const onCall: ScriptedCall['onCall'] = ({ model }, { acquireSlot }) => void leases.push(acquireSlot?.(model));
  const { driver, readState } = setup([{ onCall, pieces: ['x'] }], limits, { acquiresOwnSlots: async () => true });
  await driver.generate(request);
  const lease = await leases[0];
  expect((await readState('m')).concurrencySlots).toHaveLength(1);
  await lease?.release();
  expect((await readState('m')).concurrencySlots).toEqual([]);
});

test('cancels the reservation of a call that fails before sending', async () => {
  const { driver, readState } = setup([{ failsBeforeSending: true, error: new Error('a file is missing') }]);
  await expect(driver.generate(request)).rejects.toThrow('a file is missing');
  expect(await readState('m')).toMatchObject({ reservations: [], days: [{ count: 0 }] });
});

test('counts a request from when it is sent, not from when the call began', async () => {
  const { driver, clock, readReservations } = setup([{ onCall: () => clock.advance(1000) }]);
  const startedAt = clock.now();
  await driver.generate(request);
  expect(await readReservations('m-001')).toMatchObject([{ at: startedAt + 1000, confirmed: true }]);
});

test('waits before sending if the reservation is postponed while the call prepares', async () => {
  const { driver, clock, events, emit, readReservations, store } = setup([
    {
      onCall: () => {
        // As if another call had been rejected meanwhile, and its rejection had postponed the reservation.
        store.transact(modelStateKey('p', 'm'), (state) => {
          for (const each of state.reservations) each.at += 20_000;
        });
      },
    },
  ]);
  const waits: MeasuredWait[] = [];
  await driver.generate(request, { emit, onWaited: (wait) => void waits.push(wait) });
  expect(events).toMatchObject([{ type: 'wait', reason: 'rpm', waitMs: 20_000 }]);
  // Halfway through the wait, after 10 s, the request asks the limiter for an earlier time. No limit requires the other
  // 10 s, so the request is sent at once.
  expect(waits).toEqual([{ model: 'm', reason: 'rpm', startedAt: clock.now() - 10_000, durationMs: 10_000 }]);
  expect(await readReservations('m-001')).toMatchObject([{ at: clock.now(), confirmed: true }]);
});

const tokensUsedUp = new QuotaExceeded('rate_limited', 'the tokens of the minute are used up', {
  violations: [{ per: 'minute', unit: 'tokens', limit: 90 }],
  retryAfterMs: 20_000,
});
const learnTokenLimit = ({ store }: ReturnType<typeof setup>, value = 90) =>
  store.transact(modelStateKey('p', 'm'), (state) => {
    state.learned.tpm = { value, learnedAt: 0 };
  });
const tooLarge = {
  code: 'quota_exhausted',
  isTransient: false,
  isProjectWide: false,
  retryAt: undefined,
  message: 'the prompt has 1,200 tokens, and m allows 90 input tokens per minute',
};

test('does not send a prompt whose token count exceeds a learned limit, and asks for the token count only once', async () => {
  const countTokens = vi.fn(async () => 1200);
  const fixture = setup([], {}, { countTokens });
  await learnTokenLimit(fixture);
  await expect(fixture.driver.generate(request)).rejects.toMatchObject(tooLarge);
  await expect(fixture.driver.generate(request)).rejects.toMatchObject(tooLarge);
  expect(fixture.inner.requests).toEqual([]);
  expect(countTokens).toHaveBeenCalledTimes(1);
  expect(await fixture.readReservations('m')).toEqual([]);
});

test('sends a prompt whose estimate is too large but whose token count is not, and reserves the counted tokens', async () => {
  const fixture = setup([], {}, { countTokens: async () => 85 });
  await learnTokenLimit(fixture);
  let reserved: unknown;
  fixture.inner.generate = async (sent, context) => {
    await context?.beforeSending?.();
    reserved = await fixture.readReservations('m');
    return createScriptedDriver().generate(sent);
  };
  await fixture.driver.generate(request);
  expect(reserved).toMatchObject([{ tokens: 85, confirmed: true }]);
});

test.each([
  ['the driver has no `countTokens`', undefined],
  ['`countTokens` fails', async () => Promise.reject(new Error('404'))],
])('sends a prompt whose estimate is too large if its tokens cannot be counted: %s', async (_, countTokens) => {
  const fixture = setup([], {}, countTokens && { countTokens });
  await learnTokenLimit(fixture);
  expect((await fixture.driver.generate(request)).text).toBe('Reply 1');
});

test('does not retry a prompt that the rejection shows to be too large', async () => {
  const fixture = setup([{ error: tokensUsedUp }], {}, { countTokens: async () => 1200 });
  await expect(withRetries({ clock: fixture.clock }, fixture.driver).generate(request)).rejects.toMatchObject(tooLarge);
  expect(fixture.inner.requests).toHaveLength(1);
  expect((await fixture.readState('m')).learned.tpm?.value).toBe(90);
});

test('retries a prompt that fits into the limit that the rejection states', async () => {
  const fixture = setup([{ error: tokensUsedUp }], {}, { countTokens: async () => 80 });
  await withRetries({ clock: fixture.clock }, fixture.driver).generate(request);
  expect(fixture.inner.requests).toHaveLength(2);
});

test('does not count the tokens of a prompt whose estimate is far below the limit that the rejection states', async () => {
  const countTokens = vi.fn(async () => 80);
  const error = new QuotaExceeded('rate_limited', 'the tokens of the minute are used up', {
    violations: [{ per: 'minute', unit: 'tokens', limit: 250_000 }],
  });
  const fixture = setup([{ error }], {}, { countTokens });
  await withRetries({ clock: fixture.clock }, fixture.driver).generate(request);
  expect(countTokens).not.toHaveBeenCalled();
});

test('fails on confirmation if a limit that was learned meanwhile is too small for the prompt', async () => {
  const fixture = setup([{ onCall: () => learnTokenLimit(fixture) }], {}, { countTokens: async () => 1200 });
  await expect(fixture.driver.generate(request)).rejects.toMatchObject(tooLarge);
});

test('falls back to another model if the prompt is too large for the first one', async () => {
  const fixture = setup([], {}, { countTokens: async () => 1200 });
  await learnTokenLimit(fixture);
  const options = { getFallbackModels: () => ['large'], getUnsupportedReason: () => undefined };
  expect((await withFallback(options, fixture.driver).generate(request)).model).toBe('large-001');
});

test.each([
  ['credits', []],
  ['a free tier', [{ per: 'minute', unit: 'requests', limit: 0 } as const]],
])('learns nothing from a rejection for lack of %s', async (_, violations) => {
  const error = new QuotaExceeded('quota_exhausted', 'no money', { violations });
  const { driver, inner, clock, readState } = setup([{ error }], { rpm: { value: 5, source: 'settings' } });
  await expect(withRetries({ clock }, driver).generate(request)).rejects.toBe(error);
  const { reservations, pausedUntil, blockedUntil, learned, days, rejectionCount } = await readState('m');
  expect({ reservations, pausedUntil, blockedUntil, learned, rejectionCount }).toEqual({
    ...{ reservations: [], pausedUntil: undefined, blockedUntil: undefined, learned: {}, rejectionCount: 0 },
  });
  expect(days).toMatchObject([{ count: 0 }]);
  // The user may have paid meanwhile, so the next request is sent.
  await driver.generate(request);
  expect(inner.requests).toHaveLength(2);
  expect(clock.sleepsMs).toEqual([]);
});

const spendingTooFast = new QuotaExceeded('rate_limited', 'the spend-based limit is reached', {
  violations: [],
  isProjectWide: true,
});

test('waits for the spend-based limit of the project and retries the same model instead of falling back', async () => {
  const { driver, inner, events, emit, clock } = setup([{ error: spendingTooFast }], {});
  const options = { getFallbackModels: () => ['other'], getUnsupportedReason: () => undefined };
  const stack = withFallback(options, withRetries({ clock }, driver));
  await stack.generate(request, { emit });
  expect(inner.requests.map(({ model }) => model)).toEqual(['m', 'm']);
  expect(sum(clock.sleepsMs)).toBe(60_000);
  expect(events).toMatchObject([
    { type: 'retry' },
    { type: 'wait', reason: 'backoff', isProjectWide: true, waitMs: 60_000 },
  ]);
});

test('fails without trying a fallback if the pause of the project exceeds the maximum wait', async () => {
  const { driver, inner, clock } = setup([{ error: spendingTooFast }], {}, { maxWaitMs: 5000 });
  const options = { getFallbackModels: () => ['other'], getUnsupportedReason: () => undefined };
  await expect(withFallback(options, withRetries({ clock }, driver)).generate(request)).rejects.toMatchObject({
    ...{ code: 'rate_limited', isProjectWide: true, retryAt: new Date(clock.now() + 60_000) },
    message: expect.stringContaining('spend-based'),
  });
  expect(inner.requests).toHaveLength(1);
});
