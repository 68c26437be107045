import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { openDatabase } from '../../src/database/open.js';
import { systemClock } from '../../src/driver/clock.js';
import { createRateLimiter, type RateLimiter } from '../../src/quota/limiter/rate-limiter.js';
import { connectRedis } from '../../src/quota/redis/connection.js';
import { createRedisRateLimiter } from '../../src/quota/redis/redis-limiter.js';
import { createRedisQuotaStore } from '../../src/quota/redis/redis-store.js';
import { createSqliteQuotaStore } from '../../src/quota/stores/sqlite-store.js';

/** What a process of this bench does. */
export interface ReservationTask {
  folder: string;
  /** The Redis that the book is in; without it the book is in SQLite, in the folder. */
  redisUrl?: string;
  /** How many appointments it makes; each is given up again, outside of the time that counts. */
  count: number;
  /** The mean of the pauses between two; the same at random for all processes. 0 is none at all. */
  pauseMs: number;
  rpm: number;
  /** How many appointments it makes first and keeps, so that the book is as full as in use. */
  kept: number;
}

/** What it says at its end: durations in milliseconds. */
export interface ReservationTimes {
  /** From libsql's, or ioredis', being loaded to the book's being open and having made its first appointment. */
  openingMs: number;
  bookingMs: number[];
}

const { folder, redisUrl, count, pauseMs, rpm, kept }: ReservationTask = JSON.parse(process.argv[2] ?? '{}');
await import(redisUrl === undefined ? 'libsql' : 'ioredis');
const startedAt = performance.now();
const limiter = await openLimiter();
const request = {
  model: 'm',
  estimatedTokens: 100,
  resolveLimits: () => ({ rpm: { value: rpm, source: 'settings' } as const }),
};
await timeReservation(limiter);
const openingMs = performance.now() - startedAt;
for (let made = 0; made < kept; made += 1) await limiter.reserve(request);

process.stdout.write('ready\n');
for await (const _ of createInterface(process.stdin)) break;
const bookingMs: number[] = [];
for (let made = 0; made < count; made += 1) {
  bookingMs.push(await timeReservation(limiter));
  if (pauseMs > 0) await delay(Math.random() * 2 * pauseMs);
}
process.stdout.write(`${JSON.stringify({ openingMs, bookingMs })}\n`);
await limiter.close?.();

async function openLimiter(): Promise<RateLimiter> {
  if (redisUrl !== undefined) {
    // Patient, for what takes long is to be seen.
    const connection = connectRedis({ url: redisUrl, clock: systemClock, timeoutMs: 10_000 });
    const store = createRedisQuotaStore({ connection });
    return {
      ...createRedisRateLimiter({ connection, store, project: 'bench' }),
      close: async () => connection.close(),
    };
  }
  const { database } = await openDatabase(folder);
  if (!database) throw new Error(`no database in ${folder}`);
  const store = createSqliteQuotaStore({ database });
  return createRateLimiter({ store, clock: systemClock, project: 'bench' });
}

/** Resolves to how long the making took. Given up, for else each would be booked behind all before it. */
async function timeReservation({ reserve: book, cancel }: RateLimiter): Promise<number> {
  const startedAt = performance.now();
  const reservation = await book(request);
  const elapsedMs = performance.now() - startedAt;
  if (reservation.state === 'booked') await cancel(reservation);
  return elapsedMs;
}
