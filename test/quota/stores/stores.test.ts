import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { openDatabase } from '../../../src/database/open.js';
import { systemClock } from '../../../src/driver/clock.js';
import { emptyPage } from '../../../src/quota/limiter/model-state.js';
import { connectRedis } from '../../../src/quota/redis/connection.js';
import { createRedisKeeper } from '../../../src/quota/redis/redis-store.js';
import { forgiving } from '../../../src/quota/stores/fallback-store.js';
import { createMemoryKeeper } from '../../../src/quota/stores/memory-store.js';
import type { Keeper } from '../../../src/quota/stores/quota-store.js';
import { createSqliteKeeper } from '../../../src/quota/stores/sqlite-store.js';
import { temporaryFolder } from '../../helpers/boticelli.js';
import { type RedisServer, startRedisServer, withoutRedis } from '../../helpers/redis-server.js';

async function openSqlite(folder: string, patienceMs?: number) {
  const { database, warning } = await openDatabase(folder);
  if (!database) throw new Error(warning);
  onTestFinished(() => void database.close());
  const keeper = createSqliteKeeper({ database, ...(patienceMs !== undefined && { patienceMs }) });
  return { database, keeper };
}

/** Every keeper, twice over the same state where it can be shared. */
const keepers: [string, () => Promise<{ one: Keeper; other: Keeper }>][] = [
  [
    'memory',
    async () => {
      const keeper = createMemoryKeeper();
      return { one: keeper, other: keeper };
    },
  ],
  [
    'SQLite',
    async () => {
      const folder = temporaryFolder(onTestFinished);
      return { one: (await openSqlite(folder)).keeper, other: (await openSqlite(folder)).keeper };
    },
  ],
  [
    'Redis',
    async () => {
      const { url } = await redis();
      const prefix = `${randomUUID()}:`;
      const open = () => {
        const connection = connectRedis({ url, clock: systemClock, patienceMs: 10_000 });
        onTestFinished(connection.close);
        return createRedisKeeper({ connection, prefix });
      };
      return { one: open(), other: open() };
    },
  ],
];

/** One server for all of this file's tests. */
const servers: (() => void | Promise<void>)[] = [];
let server: Promise<RedisServer> | undefined;
const redis = () => {
  server ??= startRedisServer((clean) => servers.push(clean));
  return server;
};
afterAll(async () => {
  for (const clean of servers) await clean();
});

const withoutServer = (name: string) => name === 'Redis' && withoutRedis !== undefined;
if (withoutRedis !== undefined) test.skip(`Redis is left out: ${withoutRedis}`);

describe.each(keepers.filter(([name]) => !withoutServer(name)))('a keeper in %s', (_, open) => {
  test('hands out an empty page first, and then what was written', async () => {
    const { one, other } = await open();
    expect(await one.transact('a', (page) => structuredClone(page))).toEqual(emptyPage());
    await one.transact('a', (page) => {
      page.learned.rpm = { value: 5, learnedAt: 1 };
    });
    expect(await other.transact('a', (page) => page.learned)).toEqual({ rpm: { value: 5, learnedAt: 1 } });
    expect(await other.transact('b', (page) => structuredClone(page))).toEqual(emptyPage());
  });

  test('lets nobody see the middle of a change: of many at once none is lost', async () => {
    const { one, other } = await open();
    const increments = Array.from({ length: 100 }, (_unused, n) =>
      (n % 2 ? one : other).transact('a', (page) => {
        page.refusals += 1;
      }),
    );
    await Promise.all(increments);
    expect(await one.transact('a', (page) => page.refusals)).toBe(100);
  });

  test('shows all pages, and forgets one', async () => {
    const { one, other } = await open();
    await one.transact('a', (page) => Object.assign(page, { refusals: 1 }));
    await one.transact('b', (page) => Object.assign(page, { refusals: 2 }));
    expect([...(await other.pages())].map(([key, { refusals }]) => [key, refusals]).sort()).toEqual([
      ['a', 1],
      ['b', 2],
    ]);
    await other.forget('a');
    expect([...(await one.pages()).keys()]).toEqual(['b']);
  });

  test('hands up what a change throws, and the page is as it was where it is shared', async () => {
    const { one } = await open();
    const bug = new Error('a bug');
    await expect(
      one.transact('a', () => {
        throw bug;
      }),
    ).rejects.toBe(bug);
    expect(await one.transact('a', (page) => page.refusals)).toBe(0);
  });
});

describe('the file', () => {
  test('is for its owner alone', async () => {
    const folder = join(temporaryFolder(onTestFinished), 'state');
    await openSqlite(folder);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(statSync(join(folder, 'boticelli.db')).mode & 0o777).toBe(0o600);
  });

  test('that is no database is set aside, and a new one begun', async () => {
    const folder = temporaryFolder(onTestFinished, { 'boticelli.db': 'this is no database. '.repeat(500) });
    const { database, warning } = await openDatabase(folder);
    database?.close();
    expect(database).toBeDefined();
    expect(warning).toContain('was damaged');
    expect(readdirSync(folder).some((name) => name.startsWith('boticelli.db.damaged-'))).toBe(true);
  });

  test('of a newer version is left alone', async () => {
    const folder = temporaryFolder(onTestFinished);
    const { database } = await openSqlite(folder);
    database.exec('PRAGMA user_version = 99');
    expect(await openDatabase(folder)).toEqual({ warning: expect.stringContaining('newer boticelli') });
  });

  test('that cannot be made is told, not thrown', async () => {
    const folder = temporaryFolder(onTestFinished, { taken: '' });
    const { database, warning } = await openDatabase(join(folder, 'taken'));
    expect({ database, warning }).toEqual({ database: undefined, warning: expect.stringContaining("can't be used") });
  });

  test('does not grow with use: what no longer counts is forgotten', async () => {
    const folder = temporaryFolder(onTestFinished);
    const { keeper } = await openSqlite(folder);
    for (let n = 0; n < 300; n += 1) {
      await keeper.transact('a', (page) => {
        page.appointments = [{ id: String(n), at: n, tokens: 1, bookedAt: n, confirmed: true }];
      });
    }
    expect(statSync(join(folder, 'boticelli.db')).size).toBeLessThan(50_000);
  });
});

describe('a lock that another program holds', () => {
  test('is waited for', async () => {
    const folder = temporaryFolder(onTestFinished);
    const { keeper } = await openSqlite(folder);
    const { database: other } = await openSqlite(folder);
    other.exec('BEGIN IMMEDIATE');
    const change = keeper.transact('a', (page) => Object.assign(page, { refusals: 7 }));
    setTimeout(() => other.exec('COMMIT'), 300);
    await change;
    expect(await keeper.transact('a', (page) => page.refusals)).toBe(7);
  });

  test('is given up at last with an error, for nothing may be sent that the book might forbid', async () => {
    const folder = temporaryFolder(onTestFinished);
    const { keeper } = await openSqlite(folder, 100);
    const { database: other } = await openSqlite(folder);
    other.exec('BEGIN IMMEDIATE');
    const failures: unknown[] = [];
    const book = forgiving({ keeper, onFailure: (reason) => failures.push(reason) });
    await expect(book.transact('a', () => {})).rejects.toMatchObject({ code: 'output_failed' });
    expect(failures).toEqual([]);
  });
});

test('a keeper that fails for good is followed by memory, with what could still be read', async () => {
  const folder = temporaryFolder(onTestFinished);
  const { keeper, database } = await openSqlite(folder);
  await keeper.transact('a', (page) => Object.assign(page, { closedUntil: 5 }));
  database.pragma('query_only = ON');
  const failures: unknown[] = [];
  const book = forgiving({ keeper, onFailure: (reason) => failures.push(reason) });
  await book.transact('a', (page) => Object.assign(page, { refusals: 1 }));
  await book.transact('a', (page) => Object.assign(page, { refusals: page.refusals + 1 }));
  expect(await book.transact('a', ({ closedUntil, refusals }) => ({ closedUntil, refusals }))).toEqual({
    closedUntil: 5,
    refusals: 2,
  });
  expect(failures).toHaveLength(1);
  expect(existsSync(join(folder, 'boticelli.db'))).toBe(true);
});
