import { expect, test } from 'vitest';
import type { DriverEvent } from '../../src/driver/driver-events.js';
import { withRetries } from '../../src/driver/layers/with-retries.js';
import type { GenerateRequest } from '../../src/driver/request.js';
import { QuotaExceeded } from '../../src/errors.js';
import { createConcurrencyLimiter } from '../../src/quota/limiter/concurrency-leases.js';
import { createModelQueue } from '../../src/quota/limiter/model-queue.js';
import { modelStateKey } from '../../src/quota/limiter/project-state.js';
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

interface RigOptions {
  maxWaitMs?: number;
  managesConcurrency?: (model: string) => Promise<boolean>;
}

const onceAMinute: Limits = { rpm: { value: 1, source: 'settings' } };

function setup(scripts: ScriptedCall[], limits = onceAMinute, { maxWaitMs, managesConcurrency }: RigOptions = {}) {
  const clock = createManualClock();
  const store = createMemoryQuotaStore();
  const inner = Object.assign(createScriptedDriver(scripts), managesConcurrency && { managesConcurrency });
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
  return {
    clock,
    driver,
    inner,
    events,
    emit: (event: DriverEvent) => void events.push(event),
    readState,
    store,
  };
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);

const refusedByMinute = new QuotaExceeded('rate_limited', 'the minute is used up', {
  violations: [{ per: 'minute', unit: 'requests', limit: 1 }],
  retryAfterMs: 20_000,
});

test('every call waits for its appointment, and the wait is told with its reason and its end', async () => {
  const { driver, clock, events, emit } = setup([]);
  await driver.generate(request, { emit });
  expect(events).toEqual([]);
  await driver.generate({ ...request, model: 'm' }, { emit });
  // The scripted driver serves as m-001, which the alias is then booked under.
  expect(events).toEqual([
    { type: 'wait', model: 'm-001', reason: 'rpm', waitMs: 60_500, until: '2026-11-22T12:01:00.500Z' },
  ]);
  expect(sum(clock.sleepsMs)).toBe(60_500);
});

test('a stream is one request, counted once, settled by its true count', async () => {
  const { driver, readState } = setup([{ pieces: ['a', 'b', 'c'] }]);
  for await (const _ of driver.generateStream(request)) {
    // Each piece passes through.
  }
  expect((await readState('m-001')).appointments).toMatchObject([{ tokens: 10, confirmed: true }]);
});

test('an attempt that is tried again makes an appointment of its own, and the book alone waits', async () => {
  const { driver, clock, inner, readState } = setup([{ error: refusedByMinute }], {
    rpm: { value: 30, source: 'settings' },
  });
  const stack = withRetries({ clock, random: () => 1 }, driver);
  await stack.generate(request);
  expect(inner.requests).toHaveLength(2);
  expect(sum(clock.sleepsMs)).toBe(20_000);
  expect((await readState('m')).learned.rpm?.value).toBe(1);
});

test('a day that is used up is learned, and the next call is not sent', async () => {
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

test('a wait longer than allowed fails at once, with nothing booked and nothing sent', async () => {
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

test('a wait that is aborted gives its appointment up', async () => {
  const { driver, readState } = setup([]);
  await driver.generate(request);
  const controller = new AbortController();
  const reason = new Error('enough');
  const emit = () => controller.abort(reason);
  await expect(driver.generate(request, { emit, signal: controller.signal })).rejects.toBe(reason);
  expect((await readState('m-001')).appointments).toHaveLength(1);
});

test('only so many calls at once are let through, in their order, over the process and the book', async () => {
  const limits: Limits = { maxConcurrent: { value: 2, source: 'settings' } };
  const { driver, inner, readState } = setup([], limits);
  const streams = [1, 2, 3].map(() => driver.generateStream(request)[Symbol.asyncIterator]());
  await streams[0]?.next();
  await streams[1]?.next();
  const third = streams[2]?.next();
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(inner.requests).toHaveLength(2);
  expect((await readState('m')).leases).toHaveLength(2);
  await streams[0]?.return?.();
  await third;
  expect(inner.requests).toHaveLength(3);
  await Promise.all(streams.map((stream) => stream.return?.()));
  expect((await readState('m')).leases).toEqual([]);
});

test.each([
  ['', 0],
  [', where the clock was set back since', 3_600_000],
])('a place whose holder died is free again within seconds%s', async (_, aheadMs) => {
  const clock = createManualClock();
  const store = createMemoryQuotaStore();
  const limits: Limits = { maxConcurrent: { value: 1, source: 'settings' } };
  const gate = createConcurrencyLimiter({ store, clock, project: 'p', limitsFor: () => limits });
  await store.transact(modelStateKey('p', 'm'), (state) => {
    state.leases.push({ id: 'of the dead', expiresAt: clock.now() + aheadMs + 15_000 });
  });
  const events: DriverEvent[] = [];
  const startedAt = clock.now();
  const lease = await gate.acquire('m', { emit: (event) => void events.push(event) });
  await lease.release();
  expect(clock.now() - startedAt).toBeLessThanOrEqual(16_000);
  expect(events).toMatchObject([{ type: 'wait', reason: 'concurrency', waitMs: 15_000 }]);
});

test('a place is waited for no longer than the caller would have it, and a free one is taken at once', async () => {
  const clock = createManualClock();
  const store = createMemoryQuotaStore();
  const limits: Limits = { maxConcurrent: { value: 1, source: 'settings' } };
  const gate = createConcurrencyLimiter({ store, clock, project: 'p', limitsFor: () => limits, maxWaitMs: 2000 });
  const holder = createConcurrencyLimiter({ store, clock, project: 'p', limitsFor: () => limits, maxWaitMs: 0 });
  const lease = await holder.acquire('m', {});
  await expect(gate.acquire('m', {})).rejects.toMatchObject({ code: 'rate_limited', isTransient: false });
  expect(sum(clock.sleepsMs)).toBe(2000);
  await expect(holder.acquire('m', {})).rejects.toMatchObject({ code: 'rate_limited' });
  expect(sum(clock.sleepsMs), 'not at all where it would wait for nothing').toBe(2000);
  await lease.release();
  await (await gate.acquire('m', {})).release();
});

test.each([true, false])(
  'a place that the driver holds itself is not taken for it, where it has to find out: %j',
  async (holds) => {
    const limits: Limits = { maxConcurrent: { value: 1, source: 'settings' } };
    const { driver, readState } = setup([], limits, { managesConcurrency: async () => holds });
    const stream = driver.generateStream(request)[Symbol.asyncIterator]();
    await stream.next();
    expect((await readState('m')).leases).toHaveLength(holds ? 0 : 1);
    await stream.return?.();
  },
);

test('a call that fails before its request leaves gives its appointment back', async () => {
  const { driver, readState } = setup([{ failsBeforeSending: true, error: new Error('a file is missing') }]);
  await expect(driver.generate(request)).rejects.toThrow('a file is missing');
  expect(await readState('m')).toMatchObject({ appointments: [], days: [{ count: 0 }] });
});

test('a request counts from when it leaves, however long the call took to get ready', async () => {
  const { driver, clock, readState } = setup([{ onCall: () => clock.advance(1000) }]);
  const startedAt = clock.now();
  await driver.generate(request);
  expect((await readState('m-001')).appointments).toMatchObject([{ at: startedAt + 1000, confirmed: true }]);
});

test('an appointment that is moved while the call gets ready is waited for again', async () => {
  const { driver, clock, events, emit, readState, store } = setup([
    {
      onCall: () => {
        // Meanwhile somebody else was refused, and the appointment was planned anew.
        store.transact(modelStateKey('p', 'm'), (state) => {
          for (const each of state.appointments) each.at += 20_000;
        });
      },
    },
  ]);
  await driver.generate(request, { emit });
  expect(events).toMatchObject([{ type: 'wait', reason: 'rpm', waitMs: 20_000 }]);
  expect((await readState('m-001')).appointments).toMatchObject([{ at: clock.now(), confirmed: true }]);
});
