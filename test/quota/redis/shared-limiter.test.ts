import { describe, expect, onTestFinished, test } from 'vitest';
import { type Clock, systemClock } from '../../../src/driver/clock.js';
import type { Reservation } from '../../../src/quota/limiter/rate-limiter.js';
import type { Limits } from '../../../src/quota/limits.js';
import { connectRedis } from '../../../src/quota/redis/connection.js';
import { createSharedLimiters } from '../../../src/quota/redis/shared-limiter.js';
import { createMemoryQuotaStore } from '../../../src/quota/stores/memory-store.js';
import { findFreePort, type RedisServer, redisSkipReason, startRedisServer } from '../../helpers/redis-server.js';
import { expectReserved } from '../limiter/limiter-fixture.js';

const machineLimits: Limits = {
  rpm: { value: 3, source: 'settings' },
  maxConcurrent: { value: 1, source: 'settings' },
};
/** The length of a window plus its safety margin. */
const spanMs = 60_500;
/**
 * A machine with a local store, connected to Redis. The default timeout is longer than in a real run, because tests run
 * in parallel and a command may take long.
 */
function createMachine(url: string, { clock = systemClock, timeoutMs = 5000, retryDelayMs = 50 } = {}) {
  const messages: string[] = [];
  const connection = connectRedis({
    ...{ url, clock, timeoutMs, retryDelayMs },
    onUnavailable: (reason) => messages.push(`unavailable: ${reason}`),
    onAvailable: () => messages.push('available'),
  });
  onTestFinished(connection.close);
  const store = createMemoryQuotaStore();
  const limitsFor = () => machineLimits;
  const { limiter, concurrencyLimiter } = createSharedLimiters({
    connection,
    store,
    clock,
    project: 'p',
    limitsFor,
  });
  const reserve = () => limiter.reserve({ model: 'm', estimatedTokens: 10, limitsFor: limitsFor });
  /** Reserves quota that is free now, and confirms the reservation. */
  const send = async () => {
    const one = expectReserved(await reserve());
    expect(await limiter.confirm(one)).toBe('go');
    return one;
  };
  return { messages, limiter, concurrencyLimiter, reserve, send, store, connection, clock };
}

/** Polls until the result is as expected. */
async function waitUntil<Result>(poll: () => Promise<Result>, isDone: (result: Result) => boolean): Promise<Result> {
  for (;;) {
    const result = await poll();
    if (isDone(result)) return result;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Whether the time of a reservation is more than half a window away. */
const isDelayed = ({ at }: Reservation, { clock }: { clock: Clock }) => at - clock.now() > spanMs / 2;

describe.skipIf(redisSkipReason)(`quota shared by machines${redisSkipReason ? ` (${redisSkipReason})` : ''}`, () => {
  const startRedis = (options = {}): Promise<RedisServer> => startRedisServer(onTestFinished, options);

  test('counts the requests of other machines', async () => {
    const { url } = await startRedis();
    const [one, other] = [createMachine(url), createMachine(url)];
    for (const each of [one, other, one]) await each.send();
    const next = expectReserved(await other.reserve());
    expect(next.isInRedis).toBe(true);
    expect(isDelayed(next, other)).toBe(true);
    expect([...one.messages, ...other.messages]).toEqual([]);
  });

  test('shares learned limits and a used-up daily quota with other machines', async () => {
    const { url } = await startRedis();
    const [one, other] = [createMachine(url), createMachine(url)];
    await one.limiter.recordRejection(await one.send(), {
      violations: [{ per: 'minute', unit: 'requests', limit: 1 }],
      retryAfterMs: 1,
    });
    await other.send();
    expect(isDelayed(expectReserved(await one.reserve()), one)).toBe(true);
    const violations = [{ per: 'day', unit: 'requests', limit: 20 }] as const;
    await other.limiter.recordRejection(expectReserved(await other.reserve()), {
      violations,
      blockedUntil: Date.now() + 1000,
    });
    expect((await one.reserve()).state).toBe('blocked');
  });

  test('limits concurrency over all machines', async () => {
    const { url } = await startRedis();
    const [one, other] = [createMachine(url), createMachine(url)];
    const lease = await one.concurrencyLimiter.acquire('m', {});
    const events: object[] = [];
    const second = other.concurrencyLimiter.acquire('m', { emit: (event) => events.push(event) });
    await waitUntil(
      async () => events,
      ({ length }) => length > 0,
    );
    expect(events).toMatchObject([{ type: 'wait', reason: 'concurrency' }]);
    await lease.release();
    await (await second).release();
  });

  test('builds one schedule for machines whose clocks are wrong by an hour, and gives each machine times by its own clock', async () => {
    const { url } = await startRedis();
    const hourMs = 3_600_000;
    const aheadBy = (ms: number): Clock => ({ ...systemClock, now: () => Date.now() + ms });
    const machines = [0, hourMs, -hourMs].map((ms) => ({ ms, ...createMachine(url, { clock: aheadBy(ms) }) }));
    const times: number[] = [];
    for (let n = 0; n < 9; n += 1) {
      const each = machines[n % 3];
      if (each) times.push(expectReserved(await each.reserve()).at - each.ms);
    }
    const startedAt = times[0] ?? 0;
    const windows = times.map((at) => Math.round((at - startedAt) / spanMs));
    expect(windows).toEqual([0, 0, 0, 1, 1, 1, 2, 2, 2]);
    for (const [n, at] of times.entries()) if (n >= 3) expect(at - (times[n - 3] ?? 0)).toBeGreaterThan(spanMs - 100);
  });

  test("states the end of a block to each machine in the time of the machine's clock", async () => {
    const { url } = await startRedis();
    const hourMs = 3_600_000;
    const one = createMachine(url);
    const ahead = createMachine(url, { clock: { ...systemClock, now: () => Date.now() + hourMs } });
    const blockedUntil = Date.now() + 20 * 60_000;
    await one.limiter.recordRejection(await one.send(), { violations: [], blockedUntil });
    const results = [await one.reserve(), await ahead.reserve()];
    expect(results.map(({ state }) => state)).toEqual(['blocked', 'blocked']);
    const [localEnd, endAhead] = results.map((result) => (result.state === 'blocked' ? result.at : 0));
    expect(Math.abs(Number(localEnd) - blockedUntil)).toBeLessThan(1000);
    expect(Math.abs(Number(endAhead) - blockedUntil - hourMs)).toBeLessThan(1000);
  });

  test("does not confirm a reservation before its time by the server's clock, even if the local clock is ahead", async () => {
    const { url } = await startRedis();
    const clock: Clock = { ...systemClock, now: () => Date.now() + 3_600_000 };
    const { send, reserve, limiter } = createMachine(url, { clock });
    for (let n = 0; n < 3; n += 1) await send();
    const waiting = expectReserved(await reserve());
    // `at: 0` claims that the time of the reservation has come. Redis ignores `at` and uses the stored time.
    expect(expectReserved(await limiter.confirm({ ...waiting, at: 0 })).at).toBe(waiting.at);
  });
});

describe.skipIf(redisSkipReason)(
  `a Redis that is down or loses its data${redisSkipReason ? ` (${redisSkipReason})` : ''}`,
  () => {
    const startRedis = (options = {}): Promise<RedisServer> => startRedisServer(onTestFinished, options);

    test('is reported once, and the machine limits its requests by itself', async () => {
      const { send, reserve, messages, ...rest } = createMachine(`redis://127.0.0.1:${await findFreePort()}`);
      for (let n = 0; n < 3; n += 1) expect((await send()).isInRedis).toBeUndefined();
      expect(isDelayed(expectReserved(await reserve()), rest)).toBe(true);
      expect(messages).toEqual([expect.stringMatching(/^unavailable: connect ECONNREFUSED/)]);
    });

    test('is not waited for if it is slow, and is used again when it responds', async () => {
      const server = await startRedis();
      const { send, reserve, messages, connection } = createMachine(server.url, { timeoutMs: 250 });
      const ping = () => connection.send((client) => client.ping()).catch(() => '');
      await waitUntil(ping, (outcome) => outcome === 'PONG');
      messages.length = 0;
      server.pause();
      const reservedAt = Date.now();
      expect((await send()).isInRedis).toBeUndefined();
      expect(Date.now() - reservedAt).toBeLessThan(3000);
      expect(messages).toEqual(['unavailable: no response within 250 ms']);
      server.resume();
      await waitUntil(reserve, (outcome) => expectReserved(outcome).isInRedis === true);
      expect(messages).toContain('available');
    });

    test('is replaced by the local store if it stops between a reservation and its confirmation', async () => {
      const server = await startRedis();
      const { send, reserve, limiter, messages, ...rest } = createMachine(server.url);
      const first = expectReserved(await reserve());
      expect(first.isInRedis).toBe(true);
      await send();
      await server.kill();
      expect(await limiter.confirm(first)).toBe('go');
      await limiter.settle(first, { promptTokens: 10, servedModel: 'm' });
      // Requests reserved in Redis are recorded locally too.
      await send();
      expect(isDelayed(expectReserved(await reserve()), rest)).toBe(true);
      expect(messages).toHaveLength(1);
    });

    test('gets a record of the requests that the machine sent before and during the downtime, if it comes back empty', async () => {
      const server = await startRedis();
      const { send, reserve, messages, ...rest } = createMachine(server.url);
      expect((await send()).isInRedis).toBe(true);
      await server.kill();
      expect((await send()).isInRedis).toBeUndefined();
      expect((await send()).isInRedis).toBeUndefined();
      await startRedis({ port: server.port });
      const next = await waitUntil(reserve, (outcome) => expectReserved(outcome).isInRedis === true);
      expect(isDelayed(expectReserved(next), rest)).toBe(true);
      // Another machine can know of these requests only from Redis.
      const other = createMachine(server.url);
      expect(isDelayed(expectReserved(await other.reserve()), other)).toBe(true);
      expect(messages).toEqual([expect.stringMatching(/^unavailable: /), 'available']);
    });

    test('receives the requests of each machine again if it loses its data without a restart', async () => {
      const { url } = await startRedis();
      const [one, other] = [createMachine(url), createMachine(url)];
      await one.send();
      await one.send();
      const violations = [{ per: 'minute', unit: 'requests', limit: 3 }] as const;
      await other.limiter.recordRejection(await other.send(), { violations, retryAfterMs: 0 });
      await other.send();
      await one.connection.send((client) => client.flushall());
      await one.reserve().then((outcome) => one.limiter.cancel(expectReserved(outcome)));
      expect(isDelayed(expectReserved(await other.reserve()), other)).toBe(true);
      expect([...one.messages, ...other.messages]).toEqual([]);
    });

    test('stores a lost reservation again when the machine tries to confirm the reservation', async () => {
      const { url } = await startRedis();
      const { send, reserve, limiter, connection, clock } = createMachine(url);
      for (let n = 0; n < 3; n += 1) await send();
      const waiting = expectReserved(await reserve());
      await connection.send((client) => client.flushall());
      const again = expectReserved(await limiter.confirm(waiting));
      expect(again.id).toBe(waiting.id);
      expect(isDelayed(again, { clock })).toBe(true);
    });

    test('is used to confirm a local reservation once it is back, and the local store counts the request once', async () => {
      const server = await startRedis();
      await server.kill();
      const { reserve, limiter, store } = createMachine(server.url);
      const localReservation = expectReserved(await reserve());
      await startRedis({ port: server.port });
      await waitUntil(reserve, (outcome) => expectReserved(outcome).isInRedis === true);
      expect(await limiter.confirm(localReservation)).toBe('go');
      await limiter.close?.();
      const { reservations = [] } = [...(await store.readAll()).values()][0] ?? {};
      expect(reservations.filter(({ id, confirmed }) => id === localReservation.id && confirmed)).toHaveLength(1);
    });
  },
);
