import { randomUUID } from 'node:crypto';
import { afterAll } from 'vitest';
import type { Clock } from '../../../src/driver/clock.js';
import {
  createRateLimiter,
  type RateLimiter,
  type RateLimiterOptions,
} from '../../../src/quota/limiter/rate-limiter.js';
import { connectRedis } from '../../../src/quota/redis/connection.js';
import { createRedisRateLimiter } from '../../../src/quota/redis/redis-limiter.js';
import { createRedisQuotaStore } from '../../../src/quota/redis/redis-store.js';
import { createMemoryQuotaStore } from '../../../src/quota/stores/memory-store.js';
import type { QuotaStore } from '../../../src/quota/stores/quota-store.js';
import { createSqliteQuotaStore } from '../../../src/quota/stores/sqlite-store.js';
import { createTemporaryFolder } from '../../helpers/boticelli.js';
import type { ManualClock } from '../../helpers/manual-clock.js';
import { redisSkipReason, startRedisServer } from '../../helpers/redis-server.js';
import { openTestDatabase } from '../../helpers/test-database.js';

/** A new limiter of a project without any state, and its store. */
export interface TestLimiter {
  limiter: RateLimiter;
  store: QuotaStore;
  project: string;
}

/** One of the limiters, which all have the same contract. */
export interface LimiterKind {
  name: string;
  /** Returns how many runs a property test gets, given the number for the memory store: other stores are slower. */
  scaleRuns(memoryRuns: number): number;
  open(clock: ManualClock, options: Pick<RateLimiterOptions, 'windowMs' | 'limitMultipliers'>): Promise<TestLimiter>;
}

/** Registers work for the end of the test file. The work that is registered last is done first. */
type OnCleanup = (work: () => void | Promise<void>) => void;

/**
 * Creates the kinds of limiters: in memory, in SQLite and, if a Redis server is installed, in Redis. All SQLite
 * limiters share a database, and so do all Redis limiters. Call this function once in each test file, and not in this
 * module: the databases are closed at the end of the file that called it, but Vitest loads this module only once for
 * all test files (`isolate: false`).
 */
export function createLimiterKinds(): LimiterKind[] {
  const cleanups: (() => void | Promise<void>)[] = [];
  const onCleanup: OnCleanup = (work) => void cleanups.unshift(work);
  afterAll(async () => {
    for (const work of cleanups) await work();
  });
  return [
    createMemoryKind(),
    createSqliteKind(onCleanup),
    ...(redisSkipReason === undefined ? [createRedisKind(onCleanup)] : []),
  ];
}

function createMemoryKind(): LimiterKind {
  return {
    name: 'memory',
    scaleRuns: (memoryRuns) => memoryRuns,
    async open(clock, options) {
      const store = createMemoryQuotaStore();
      return { store, project: 'p', limiter: createRateLimiter({ ...options, store, clock, project: 'p' }) };
    },
  };
}

function createSqliteKind(onCleanup: OnCleanup): LimiterKind {
  const openOnce = memoize(async () => {
    const database = await openTestDatabase(createTemporaryFolder(onCleanup));
    onCleanup(() => void database.close());
    return createSqliteQuotaStore({ database });
  });
  return {
    name: 'SQLite',
    scaleRuns: (memoryRuns) => Math.ceil(memoryRuns / 20),
    async open(clock, options) {
      const store = await openOnce();
      const project = randomUUID();
      return { store, project, limiter: createRateLimiter({ ...options, store, clock, project }) };
    },
  };
}

function createRedisKind(onCleanup: OnCleanup): LimiterKind {
  // All limiters share one connection, so they follow the clock of the limiter that was opened last.
  let now: () => number = Date.now;
  const connectOnce = memoize(async () => {
    const { url } = await startRedisServer(onCleanup);
    const clock: Clock = { now: () => now(), sleep: async () => {} };
    const connection = connectRedis({ url, clock, timeoutMs: 10_000, serverTime: () => now() });
    onCleanup(connection.close);
    return { connection, store: createRedisQuotaStore({ connection }) };
  });
  return {
    name: 'Redis',
    scaleRuns: (memoryRuns) => Math.ceil(memoryRuns / 20),
    async open(clock, options) {
      now = clock.now;
      const { connection, store } = await connectOnce();
      const project = randomUUID();
      return { store, project, limiter: createRedisRateLimiter({ ...options, connection, store, project }) };
    },
  };
}

function memoize<Result>(work: () => Promise<Result>): () => Promise<Result> {
  let result: Promise<Result> | undefined;
  return () => {
    result ??= work();
    return result;
  };
}
