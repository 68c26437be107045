import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { openDatabase } from '../../../src/database/open.js';
import { systemClock } from '../../../src/driver/clock.js';
import { createModelState } from '../../../src/quota/limiter/model-state.js';
import { connectRedis } from '../../../src/quota/redis/connection.js';
import { createRedisQuotaStore } from '../../../src/quota/redis/redis-store.js';
import { createStoreWithMemoryFallback } from '../../../src/quota/stores/fallback-store.js';
import { createMemoryQuotaStore } from '../../../src/quota/stores/memory-store.js';
import type { QuotaStore } from '../../../src/quota/stores/quota-store.js';
import { createSqliteQuotaStore } from '../../../src/quota/stores/sqlite-store.js';
import { createTemporaryFolder } from '../../helpers/boticelli.js';
import { type RedisServer, redisSkipReason, startRedisServer } from '../../helpers/redis-server.js';
import { openTestDatabase } from '../../helpers/test-database.js';

async function openSqlite(folder: string, maxWaitMs?: number) {
  const database = await openTestDatabase(folder);
  onTestFinished(() => void database.close());
  const store = createSqliteQuotaStore({ database, ...(maxWaitMs !== undefined && { maxWaitMs }) });
  return { database, store };
}

/** Every kind of store, opened twice over the same data. A store in memory can't be opened twice: both are the same. */
const stores: [string, () => Promise<{ one: QuotaStore; other: QuotaStore }>][] = [
  [
    'memory',
    async () => {
      const store = createMemoryQuotaStore();
      return { one: store, other: store };
    },
  ],
  [
    'SQLite',
    async () => {
      const folder = createTemporaryFolder(onTestFinished);
      return { one: (await openSqlite(folder)).store, other: (await openSqlite(folder)).store };
    },
  ],
  [
    'Redis',
    async () => {
      const { url } = await startSharedServer();
      const prefix = `${randomUUID()}:`;
      const open = () => {
        const connection = connectRedis({ url, clock: systemClock, timeoutMs: 10_000 });
        onTestFinished(connection.close);
        return createRedisQuotaStore({ connection, prefix });
      };
      return { one: open(), other: open() };
    },
  ],
];

const cleanups: (() => void | Promise<void>)[] = [];
let server: Promise<RedisServer> | undefined;
/** Starts the Redis server that all tests of this file share, unless it is already running. */
const startSharedServer = () => {
  server ??= startRedisServer((clean) => cleanups.push(clean));
  return server;
};
afterAll(async () => {
  for (const clean of cleanups) await clean();
});

const lacksServer = (name: string) => name === 'Redis' && redisSkipReason !== undefined;
if (redisSkipReason !== undefined) test.skip(`Redis tests: ${redisSkipReason}`);

describe.each(stores.filter(([name]) => !lacksServer(name)))('a store in %s', (_, open) => {
  test('returns a new state first, and then what was written', async () => {
    const { one, other } = await open();
    expect(await one.transact('a', (state) => structuredClone(state))).toEqual(createModelState());
    await one.transact('a', (state) => {
      state.learned.rpm = { value: 5, learnedAt: 1 };
    });
    expect(await other.transact('a', (state) => state.learned)).toEqual({ rpm: { value: 5, learnedAt: 1 } });
    expect(await other.transact('b', (state) => structuredClone(state))).toEqual(createModelState());
  });

  test('reads a copy of a state, and does not create a missing one', async () => {
    const { one, other } = await open();
    expect(await one.read('a')).toBeUndefined();
    expect(await other.readAll()).toEqual(new Map());
    await one.transact('a', (state) => {
      state.rejectionCount = 3;
    });
    const copy = await other.read('a');
    expect(copy).toEqual({ ...createModelState(), rejectionCount: 3 });
    Object.assign(copy ?? {}, { rejectionCount: 4 });
    expect((await other.read('a'))?.rejectionCount).toBe(3);
  });

  test('stores no state if a transaction changes nothing', async () => {
    const { one, other } = await open();
    await one.transact('a', (state) => state.rejectionCount);
    expect(await other.readAll()).toEqual(new Map());
  });

  test('loses none of many concurrent transactions', async () => {
    const { one, other } = await open();
    const increments = Array.from({ length: 100 }, (_unused, n) =>
      (n % 2 ? one : other).transact('a', (state) => {
        state.rejectionCount += 1;
      }),
    );
    await Promise.all(increments);
    expect(await one.transact('a', (state) => state.rejectionCount)).toBe(100);
  });

  test('reads all states and removes one', async () => {
    const { one, other } = await open();
    await one.transact('a', (state) => Object.assign(state, { rejectionCount: 1 }));
    await one.transact('b', (state) => Object.assign(state, { rejectionCount: 2 }));
    expect([...(await other.readAll())].map(([key, { rejectionCount }]) => [key, rejectionCount]).sort()).toEqual([
      ['a', 1],
      ['b', 2],
    ]);
    await other.remove('a');
    expect([...(await one.readAll()).keys()]).toEqual(['b']);
  });

  test('rethrows what the callback of a transaction throws, and leaves the state unchanged', async () => {
    const { one } = await open();
    const bug = new Error('a bug');
    await expect(
      one.transact('a', () => {
        throw bug;
      }),
    ).rejects.toBe(bug);
    expect(await one.transact('a', (state) => state.rejectionCount)).toBe(0);
  });
});

describe('a database file', () => {
  test('is created with a folder, and only their owner can access them', async () => {
    const folder = join(createTemporaryFolder(onTestFinished), 'state');
    await openSqlite(folder);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(statSync(join(folder, 'boticelli.db')).mode & 0o777).toBe(0o600);
  });

  test('that is not a database is renamed, and a new one is created', async () => {
    const folder = createTemporaryFolder(onTestFinished, { 'boticelli.db': 'this is no database. '.repeat(500) });
    const { database, warning } = await openDatabase(folder);
    database?.close();
    expect(database).toBeDefined();
    expect(warning).toContain('was damaged');
    expect(readdirSync(folder).some((name) => name.startsWith('boticelli.db.damaged-'))).toBe(true);
  });

  test('that a newer version has written is not used', async () => {
    const folder = createTemporaryFolder(onTestFinished);
    const { database } = await openSqlite(folder);
    database.exec('PRAGMA user_version = 99');
    expect(await openDatabase(folder)).toEqual({ warning: expect.stringContaining('newer boticelli') });
  });

  test('that cannot be created is reported as a warning', async () => {
    const folder = createTemporaryFolder(onTestFinished, { taken: '' });
    const { database, warning } = await openDatabase(join(folder, 'taken'));
    expect({ database, warning }).toEqual({ database: undefined, warning: expect.stringContaining("can't be used") });
  });

  test('does not grow when one state is changed again and again', async () => {
    const folder = createTemporaryFolder(onTestFinished);
    const { store } = await openSqlite(folder);
    for (let n = 0; n < 300; n += 1) {
      await store.transact('a', (state) => {
        state.reservations = [{ id: String(n), at: n, tokens: 1, bookedAt: n, confirmed: true }];
      });
    }
    // An empty database has 14 pages of 4 kB.
    expect(statSync(join(folder, 'boticelli.db')).size).toBeLessThan(100_000);
  });
});

describe('a lock that another connection holds', () => {
  test('is waited for', async () => {
    const folder = createTemporaryFolder(onTestFinished);
    const { store } = await openSqlite(folder);
    const { database: other } = await openSqlite(folder);
    other.exec('BEGIN IMMEDIATE');
    const change = store.transact('a', (state) => Object.assign(state, { rejectionCount: 7 }));
    setTimeout(() => other.exec('COMMIT'), 300);
    await change;
    expect(await store.transact('a', (state) => state.rejectionCount)).toBe(7);
  });

  test('leads to an error after the maximum wait, and not to a switch to memory', async () => {
    const folder = createTemporaryFolder(onTestFinished);
    const { store } = await openSqlite(folder, 100);
    const { database: other } = await openSqlite(folder);
    other.exec('BEGIN IMMEDIATE');
    const failures: unknown[] = [];
    const storeWithFallback = createStoreWithMemoryFallback({ store, onFailure: (reason) => failures.push(reason) });
    await expect(storeWithFallback.transact('a', () => {})).rejects.toMatchObject({ code: 'output_failed' });
    expect(failures).toEqual([]);
  });
});

test('a store with a fallback to memory switches to memory when it fails permanently, and keeps the states that can still be read', async () => {
  const folder = createTemporaryFolder(onTestFinished);
  const { store, database } = await openSqlite(folder);
  await store.transact('a', (state) => Object.assign(state, { blockedUntil: 5 }));
  database.pragma('query_only = ON');
  const failures: unknown[] = [];
  const storeWithFallback = createStoreWithMemoryFallback({ store, onFailure: (reason) => failures.push(reason) });
  await storeWithFallback.transact('a', (state) => Object.assign(state, { rejectionCount: 1 }));
  await storeWithFallback.transact('a', (state) => Object.assign(state, { rejectionCount: state.rejectionCount + 1 }));
  expect(
    await storeWithFallback.transact('a', ({ blockedUntil, rejectionCount }) => ({ blockedUntil, rejectionCount })),
  ).toEqual({
    blockedUntil: 5,
    rejectionCount: 2,
  });
  expect(failures).toHaveLength(1);
  expect(existsSync(join(folder, 'boticelli.db'))).toBe(true);
});

test('a fallback store repeats a call in memory if the call began before the switch to memory and fails after it', async () => {
  const rejections: ((reason: Error) => void)[] = [];
  const store: QuotaStore = {
    ...createMemoryQuotaStore(),
    transact: () => new Promise((_, reject) => void rejections.push(reject)),
  };
  const failures: unknown[] = [];
  const fallbackStore = createStoreWithMemoryFallback({ store, onFailure: (reason) => failures.push(reason) });
  const calls = ['a', 'b'].map((key) => fallbackStore.transact(key, () => key));
  rejections[0]?.(new Error('disk full'));
  expect(await calls[0]).toBe('a');
  rejections[1]?.(new Error('disk full'));
  expect(await calls[1]).toBe('b');
  expect(failures).toHaveLength(1);
});
