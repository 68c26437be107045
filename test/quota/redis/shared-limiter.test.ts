import { describe, expect, onTestFinished, test } from 'vitest';
import { type Clock, systemClock } from '../../../src/driver/clock.js';
import type { Booked, NotBooked } from '../../../src/quota/limiter/rate-limiter.js';
import type { Limits } from '../../../src/quota/limits.js';
import { connectRedis } from '../../../src/quota/redis/connection.js';
import { createSharedQuota } from '../../../src/quota/redis/shared-limiter.js';
import { createMemoryKeeper } from '../../../src/quota/stores/memory-store.js';
import { freePort, type RedisServer, startRedisServer, withoutRedis } from '../../helpers/redis-server.js';

const threeAMinute: Limits = { rpm: { value: 3, source: 'settings' }, maxConcurrent: { value: 1, source: 'settings' } };
const spanMs = 60_500;
/** A machine with a book of its own, at a Redis; more patient than a run is, for it may be busy with other tests. */
function machine(url: string, { clock = systemClock, patienceMs = 5000, retryMs = 50 } = {}) {
  const told: string[] = [];
  const connection = connectRedis({
    ...{ url, clock, patienceMs, retryMs },
    onAway: (reason) => told.push(`away: ${reason}`),
    onBack: () => told.push('back'),
  });
  onTestFinished(connection.close);
  const keeper = createMemoryKeeper();
  const limitsFor = () => threeAMinute;
  const { book, gate } = createSharedQuota({ connection, keeper, clock, project: 'p', limitsFor });
  const ask = () => book.book({ model: 'm', estimatedTokens: 10, limitsOf: limitsFor });
  /** Makes an appointment for now and keeps it. */
  const send = async () => {
    const one = booked(await ask());
    expect(await book.confirm(one)).toBe('go');
    return one;
  };
  return { told, book, gate, ask, send, keeper, connection, clock };
}

function booked(booking: Booked | NotBooked | 'go'): Booked {
  if (booking === 'go' || booking.state !== 'booked') throw new Error(`not booked: ${JSON.stringify(booking)}`);
  return booking;
}

/** Asks until it is answered as expected. */
async function until<Result>(ask: () => Promise<Result>, isIt: (result: Result) => boolean): Promise<Result> {
  for (;;) {
    const result = await ask();
    if (isIt(result)) return result;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const waits = ({ at }: Booked, { clock }: { clock: Clock }) => at - clock.now() > spanMs / 2;

describe.skipIf(withoutRedis)(`quota that machines share${withoutRedis ? ` (${withoutRedis})` : ''}`, () => {
  const redis = (options = {}): Promise<RedisServer> => startRedisServer(onTestFinished, options);

  test('what one machine sends, the others count', async () => {
    const { url } = await redis();
    const [one, other] = [machine(url), machine(url)];
    for (const each of [one, other, one]) await each.send();
    const next = booked(await other.ask());
    expect(next.shared).toBe(true);
    expect(waits(next, other)).toBe(true);
    expect([...one.told, ...other.told]).toEqual([]);
  });

  test('what one machine learns, the others know: limits, and that the day is used up', async () => {
    const { url } = await redis();
    const [one, other] = [machine(url), machine(url)];
    await one.book.learn(await one.send(), { facts: [{ per: 'minute', unit: 'requests', limit: 1 }], retryAfterMs: 1 });
    await other.send();
    expect(waits(booked(await one.ask()), one)).toBe(true);
    const facts = [{ per: 'day', unit: 'requests', limit: 20 }] as const;
    await other.book.learn(booked(await other.ask()), { facts, closedUntil: Date.now() + 1000 });
    expect((await one.ask()).state).toBe('closed');
  });

  test('a place at a model that allows one at a time is taken over all machines', async () => {
    const { url } = await redis();
    const [one, other] = [machine(url), machine(url)];
    const lease = await one.gate.enter('m', {});
    const events: object[] = [];
    const second = other.gate.enter('m', { emit: (event) => events.push(event) });
    await until(
      async () => events,
      ({ length }) => length > 0,
    );
    expect(events).toMatchObject([{ type: 'wait', reason: 'concurrency' }]);
    await lease.release();
    await (await second).release();
  });

  test('clocks an hour apart plan one schedule, each in its own time', async () => {
    const { url } = await redis();
    const hourMs = 3_600_000;
    const aheadBy = (ms: number): Clock => ({ ...systemClock, now: () => Date.now() + ms });
    const machines = [0, hourMs, -hourMs].map((ms) => ({ ms, ...machine(url, { clock: aheadBy(ms) }) }));
    const times: number[] = [];
    for (let n = 0; n < 9; n += 1) {
      const each = machines[n % 3];
      if (each) times.push(booked(await each.ask()).at - each.ms);
    }
    const startedAt = times[0] ?? 0;
    const windows = times.map((at) => Math.round((at - startedAt) / spanMs));
    expect(windows).toEqual([0, 0, 0, 1, 1, 1, 2, 2, 2]);
    for (const [n, at] of times.entries()) if (n >= 3) expect(at - (times[n - 3] ?? 0)).toBeGreaterThan(spanMs - 100);
  });

  test('a clock that is ahead of the server keeps an appointment when the server says so', async () => {
    const { url } = await redis();
    const clock: Clock = { ...systemClock, now: () => Date.now() + 3_600_000 };
    const { send, ask, book } = machine(url, { clock });
    for (let n = 0; n < 3; n += 1) await send();
    const waiting = booked(await ask());
    // By its own clock its time has come long ago, and by the server's it has not.
    expect(booked(await book.confirm({ ...waiting, at: 0 })).at).toBe(waiting.at);
  });
});

describe.skipIf(withoutRedis)(`a Redis that is away${withoutRedis ? ` (${withoutRedis})` : ''}`, () => {
  const redis = (options = {}): Promise<RedisServer> => startRedisServer(onTestFinished, options);

  test('from the start is told once, and this machine counts by itself', async () => {
    const { send, ask, told, ...rest } = machine(`redis://127.0.0.1:${await freePort()}`);
    for (let n = 0; n < 3; n += 1) expect((await send()).shared).toBeUndefined();
    expect(waits(booked(await ask()), rest)).toBe(true);
    expect(told).toEqual([expect.stringMatching(/^away: connect ECONNREFUSED/)]);
  });

  test('that is slow is not waited for, and is used again when it is quick', async () => {
    const server = await redis();
    const { send, ask, told, connection } = machine(server.url, { patienceMs: 250 });
    const ping = () => connection.ask((client) => client.ping()).catch(() => '');
    await until(ping, (answer) => answer === 'PONG');
    told.length = 0;
    server.stall();
    const askedAt = Date.now();
    expect((await send()).shared).toBeUndefined();
    expect(Date.now() - askedAt).toBeLessThan(3000);
    expect(told).toEqual(['away: no answer within 250 ms']);
    server.wake();
    await until(ask, (answer) => booked(answer).shared === true);
    expect(told).toContain('back');
  });

  test('that dies between an appointment and its time is replaced by an appointment here', async () => {
    const server = await redis();
    const { send, ask, book, told, ...rest } = machine(server.url);
    const first = booked(await ask());
    expect(first.shared).toBe(true);
    await send();
    await server.kill();
    expect(await book.confirm(first)).toBe('go');
    await book.settle(first, { promptTokens: 10, servedModel: 'm' });
    // What went through Redis is known here too.
    await send();
    expect(waits(booked(await ask()), rest)).toBe(true);
    expect(told).toHaveLength(1);
  });

  test('that comes back without a memory is told what was sent meanwhile and before', async () => {
    const server = await redis();
    const { send, ask, told, ...rest } = machine(server.url);
    expect((await send()).shared).toBe(true);
    await server.kill();
    expect((await send()).shared).toBeUndefined();
    expect((await send()).shared).toBeUndefined();
    await redis({ port: server.port });
    const next = await until(ask, (answer) => booked(answer).shared === true);
    expect(waits(booked(next), rest)).toBe(true);
    // Another machine is told it by Redis alone.
    const other = machine(server.url);
    expect(waits(booked(await other.ask()), other)).toBe(true);
    expect(told).toEqual([expect.stringMatching(/^away: /), 'back']);
  });

  test('that forgets all while it runs is told again, by each who knows something', async () => {
    const { url } = await redis();
    const [one, other] = [machine(url), machine(url)];
    await one.send();
    await one.send();
    const limit = [{ per: 'minute', unit: 'requests', limit: 3 }] as const;
    await other.book.learn(await other.send(), { facts: limit, retryAfterMs: 0 });
    await other.send();
    await one.connection.ask((client) => client.flushall());
    await one.ask().then((answer) => one.book.cancel(booked(answer)));
    expect(waits(booked(await other.ask()), other)).toBe(true);
    expect([...one.told, ...other.told]).toEqual([]);
  });

  test('that has lost an appointment which waits has it made again', async () => {
    const { url } = await redis();
    const { send, ask, book, connection, clock } = machine(url);
    for (let n = 0; n < 3; n += 1) await send();
    const waiting = booked(await ask());
    await connection.ask((client) => client.flushall());
    const again = booked(await book.confirm(waiting));
    expect(again.id).toBe(waiting.id);
    expect(waits(again, { clock })).toBe(true);
  });

  test('keeps no place: what was booked here while it was away is booked in it when it is back', async () => {
    const server = await redis();
    await server.kill();
    const { ask, book, keeper } = machine(server.url);
    const here = booked(await ask());
    await redis({ port: server.port });
    await until(ask, (answer) => booked(answer).shared === true);
    expect(await book.confirm(here)).toBe('go');
    await book.close?.();
    const { appointments = [] } = [...(await keeper.pages()).values()][0] ?? {};
    expect(appointments.filter(({ id, confirmed }) => id === here.id && confirmed)).toHaveLength(1);
  });
});
