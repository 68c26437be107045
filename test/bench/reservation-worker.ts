import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { openDatabase } from '../../src/database/open.js';
import { systemClock } from '../../src/driver/clock.js';
import { createRateLimiter, type RateLimiter } from '../../src/quota/limiter/rate-limiter.js';
import { connectRedis } from '../../src/quota/redis/connection.js';
import { createRedisRateLimiter } from '../../src/quota/redis/redis-limiter.js';
import { createRedisQuotaStore } from '../../src/quota/redis/redis-store.js';
import { createSqliteQuotaStore } from '../../src/quota/stores/sqlite-store.js';

/** The task of a worker process of the reservation benchmarks. */
export interface ReservationTask {
  folder: string;
  /** The Redis of the quota store; without it the store is SQLite in `folder`. */
  redisUrl?: string;
  /** The number of measured reservations. Each is cancelled again, outside of the measured time. */
  count: number;
  /** The mean of the random pauses between reservations. */
  pauseMs: number;
  rpm: number;
  /** The number of reservations that are made before the measurement, so that the store is as full as in real use. */
  prefillCount: number;
}

/** The result of a worker process. Durations in milliseconds. */
export interface ReservationTimes {
  /** The time to open the store and make a first reservation, without loading libsql or ioredis. */
  openingMs: number;
  reservationMs: number[];
}

const { folder, redisUrl, count, pauseMs, rpm, prefillCount }: ReservationTask = JSON.parse(process.argv[2] ?? '{}');
await import(redisUrl === undefined ? 'libsql' : 'ioredis');
const startedAt = performance.now();
const limiter = await openLimiter();
const request = {
  model: 'm',
  estimatedTokens: 100,
  limitsFor: () => ({ rpm: { value: rpm, source: 'settings' } as const }),
};
await timeReservation(limiter);
const openingMs = performance.now() - startedAt;
for (let made = 0; made < prefillCount; made += 1) await limiter.reserve(request);

process.stdout.write('ready\n');
for await (const _ of createInterface(process.stdin)) break;
const reservationMs: number[] = [];
for (let made = 0; made < count; made += 1) {
  reservationMs.push(await timeReservation(limiter));
  if (pauseMs > 0) await delay(Math.random() * 2 * pauseMs);
}
process.stdout.write(`${JSON.stringify({ openingMs, reservationMs })}\n`);
await limiter.close?.();

async function openLimiter(): Promise<RateLimiter> {
  if (redisUrl !== undefined) {
    // With a long timeout, so that slow reservations are measured too.
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

/** Measures a reservation and cancels it, so that the next one does not have to wait behind it. */
async function timeReservation({ reserve, cancel }: RateLimiter): Promise<number> {
  const startedAt = performance.now();
  const reservation = await reserve(request);
  const elapsedMs = performance.now() - startedAt;
  if (reservation.state === 'reserved') await cancel(reservation);
  return elapsedMs;
}
