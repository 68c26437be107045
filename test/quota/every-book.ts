import { randomUUID } from 'node:crypto';
import { afterAll } from 'vitest';
import { openDatabase } from '../../src/database/open.js';
import type { Clock } from '../../src/driver/clock.js';
import { createQuotaBook, type QuotaBook, type QuotaBookOptions } from '../../src/quota/limiter/rate-limiter.js';
import { connectRedis } from '../../src/quota/redis/connection.js';
import { createRedisBook } from '../../src/quota/redis/redis-limiter.js';
import { createRedisKeeper } from '../../src/quota/redis/redis-store.js';
import { createMemoryKeeper } from '../../src/quota/stores/memory-store.js';
import type { Keeper } from '../../src/quota/stores/quota-store.js';
import { createSqliteKeeper } from '../../src/quota/stores/sqlite-store.js';
import { temporaryFolder } from '../helpers/boticelli.js';
import type { ManualClock } from '../helpers/manual-clock.js';
import { startRedisServer, withoutRedis } from '../helpers/redis-server.js';

/** A book with nothing in it, and what keeps its pages. */
export interface NewBook {
  book: QuotaBook;
  keeper: Keeper;
  project: string;
}

/** One of the ways to keep a book, all of which promise the same. */
export interface KindOfBook {
  name: string;
  /** How many stories a property is to be tried on, where memory takes so many: others are slower. */
  runs(inMemory: number): number;
  open(clock: ManualClock, options: Pick<QuotaBookOptions, 'windowMs' | 'budget'>): Promise<NewBook>;
}

const onEnd: (() => void | Promise<void>)[] = [];
const clean = (work: () => void | Promise<void>) => void onEnd.unshift(work);
afterAll(async () => {
  for (const work of onEnd) await work();
});

/** The book in memory, in SQLite and, where there is a server, in Redis; each kind's books share what keeps them. */
export const everyBook: KindOfBook[] = [
  {
    name: 'memory',
    runs: (inMemory) => inMemory,
    async open(clock, options) {
      const keeper = createMemoryKeeper();
      return { keeper, project: 'p', book: createQuotaBook({ ...options, keeper, clock, project: 'p' }) };
    },
  },
  {
    name: 'SQLite',
    runs: (inMemory) => Math.ceil(inMemory / 20),
    async open(clock, options) {
      const { keeper } = await sqlite();
      const project = randomUUID();
      return { keeper, project, book: createQuotaBook({ ...options, keeper, clock, project }) };
    },
  },
  ...(withoutRedis === undefined ? [inRedis()] : []),
];

function inRedis(): KindOfBook {
  let now: () => number = Date.now;
  const shared = once(async () => {
    const { url } = await startRedisServer(clean);
    const clock: Clock = { now: () => now(), sleep: async () => {} };
    const connection = connectRedis({ url, clock, patienceMs: 10_000, serverTime: () => now() });
    clean(connection.close);
    return { connection, keeper: createRedisKeeper({ connection }) };
  });
  return {
    name: 'Redis',
    runs: (inMemory) => Math.ceil(inMemory / 20),
    async open(clock, options) {
      now = clock.now;
      const { connection, keeper } = await shared();
      const project = randomUUID();
      return { keeper, project, book: createRedisBook({ ...options, connection, keeper, project }) };
    },
  };
}

const sqlite = once(async () => {
  const { database } = await openDatabase(temporaryFolder(clean));
  if (!database) throw new Error('no database');
  clean(() => void database.close());
  return { keeper: createSqliteKeeper({ database }) };
});

function once<Result>(work: () => Promise<Result>): () => Promise<Result> {
  let result: Promise<Result> | undefined;
  return () => {
    result ??= work();
    return result;
  };
}
