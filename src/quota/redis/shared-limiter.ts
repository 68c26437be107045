import type { Clock } from '../../driver/clock.js';
import type { DriverEvent } from '../../driver/driver-events.js';
import { createSerialQueue, type SerialQueue } from '../../util/serial-queue.js';
import {
  type ConcurrencyLimiter,
  type ConcurrencyLimiterOptions,
  createConcurrencyLimiter,
} from '../limiter/concurrency-limiter.js';
import {
  createRateLimiter,
  type RateLimiter,
  type RateLimiterOptions,
  type Reservation,
} from '../limiter/rate-limiter.js';
import type { QuotaStore } from '../stores/quota-store.js';
import { type RedisConnection, RedisUnavailable } from './connection.js';
import { createRedisRateLimiter } from './redis-limiter.js';
import { createRedisQuotaStore } from './redis-store.js';

/** The two limiters that apply to a request. */
export interface QuotaLimiters {
  limiter: RateLimiter;
  concurrencyLimiter: ConcurrencyLimiter;
}

/** The options of `createSharedLimiters`. */
export interface SharedLimitersOptions extends RateLimiterOptions, ConcurrencyLimiterOptions {
  connection: RedisConnection;
  /** Prefix of all keys in Redis. */
  prefix?: string;
  /** The local store, which is used while Redis is down. */
  store: QuotaStore;
}

/** How long `close` waits for pending local writes. */
const closeTimeoutMs = 1000;
/** When a reservation moves between Redis and the local store, its deadline is extended to leave at least this time. */
const graceMs = 1000;

/**
 * Creates limiters whose state several machines share through Redis. Each call falls back to the local store while
 * Redis is down.
 *
 * Requests are also recorded in the local store, in the background. So the local limiter knows what this machine has
 * sent, and the local state can be merged into Redis on first use or after Redis has lost its data (see
 * merge-local-state.ts).
 */
export function createSharedLimiters(options: SharedLimitersOptions): QuotaLimiters {
  const { connection, store, clock, prefix, ...rest } = options;
  const background = createSerialQueue();
  const redisStore = createRedisQuotaStore({ connection, ...(prefix !== undefined && { prefix }) });
  const readLocalState = async (key: string) => {
    await background.drain();
    // `readAll` needs no write lock, unlike `transact`. Another process may hold that lock for a long time.
    return (await store.readAll().catch(() => undefined))?.get(key);
  };
  const limiters: RemoteAndLocalLimiters = {
    remote: {
      limiter: createRedisRateLimiter({ ...rest, connection, store: redisStore, readLocalState }),
      concurrencyLimiter: createConcurrencyLimiter({ ...rest, store: redisStore, clock: connection.clock }),
    },
    local: {
      limiter: createRateLimiter({ ...rest, store, clock }),
      concurrencyLimiter: createConcurrencyLimiter({ ...rest, store, clock }),
    },
    background,
    connection,
    clock,
  };
  return { limiter: createSharedRateLimiter(limiters), concurrencyLimiter: createSharedConcurrencyLimiter(limiters) };
}

/** Both kinds of limiters, in Redis and on this machine, and what calling them needs. */
interface RemoteAndLocalLimiters {
  /** The limiters in Redis. */
  remote: QuotaLimiters;
  /** The limiters on this machine. */
  local: QuotaLimiters;
  /** Runs writes to the local store, one after another. */
  background: SerialQueue;
  connection: RedisConnection;
  clock: Clock;
}

function createSharedRateLimiter(limiters: RemoteAndLocalLimiters): RateLimiter {
  const { remote, local, background, connection, clock } = limiters;
  /**
   * Applies a change to the rate limiter in Redis, and to the local one in the background. A rate limiter ignores a
   * reservation that it does not know.
   */
  const runInBoth = async (work: (limiter: RateLimiter) => Promise<void>): Promise<void> => {
    background.enqueue(() => work(local.limiter));
    await preferRemote(work(remote.limiter), () => background.drain());
  };
  return {
    reserve: (request, id) => callRemoteOrLocal(limiters, (limiter) => limiter.reserve(request, id)),
    recordSent: async (request, id) => {
      const reservation = await callRemoteOrLocal(limiters, (limiter) => limiter.recordSent(request, id));
      if (reservation.isInRedis) background.enqueue(() => local.limiter.recordSent(request, reservation.id));
      return reservation;
    },
    // If Redis is down, the reservation stays as it is until it is confirmed.
    reschedule: (reservation) =>
      reservation.isInRedis
        ? preferRemote(remote.limiter.reschedule(reservation), async () => reservation)
        : local.limiter.reschedule(reservation),
    confirm: (reservation) => confirmRemoteOrLocal(limiters, reservation),
    cancel: (reservation) => runInBoth((limiter) => limiter.cancel(reservation)),
    settle: (reservation, response) => runInBoth((limiter) => limiter.settle(reservation, response)),
    recordRejection: (reservation, rejection) =>
      runInBoth((limiter) => limiter.recordRejection(reservation, rejection)),
    async close() {
      await Promise.race([background.drain(), clock.sleep(closeTimeoutMs)]);
      connection.close();
    },
  };
}

/**
 * Confirms a reservation in Redis, or in the local store while Redis is down. A reservation that is not in the chosen
 * store is first made again there.
 */
function confirmRemoteOrLocal(
  { remote, local, background, clock }: RemoteAndLocalLimiters,
  reservation: Reservation,
): ReturnType<RateLimiter['confirm']> {
  const { isInRedis = false, request, id } = reservation;
  const confirmRemote = async () => {
    const outcome = await (isInRedis
      ? remote.limiter.confirm(reservation)
      : reserveAgain(reservation, remote.limiter, clock));
    if (!isInRedis) background.enqueue(() => local.limiter.cancel(reservation));
    if (outcome === 'go') background.enqueue(() => local.limiter.recordSent(request, id));
    return outcome;
  };
  return preferRemote(confirmRemote(), async () => {
    await background.drain();
    return isInRedis ? reserveAgain(reservation, local.limiter, clock) : local.limiter.confirm(reservation);
  });
}

/** Calls the limiter in Redis. While Redis is down, finishes the pending local writes and calls the local limiter. */
function callRemoteOrLocal<Result>(
  { remote, local, background }: RemoteAndLocalLimiters,
  call: (limiter: RateLimiter) => Promise<Result>,
): Promise<Result> {
  return preferRemote(call(remote.limiter), async () => {
    await background.drain();
    return call(local.limiter);
  });
}

/** Returns the result of `remote`, or calls `local` if Redis is down. */
async function preferRemote<Result>(remote: Promise<Result>, local: () => Promise<Result>): Promise<Result> {
  try {
    return await remote;
  } catch (thrown) {
    if (thrown instanceof RedisUnavailable) return local();
    throw thrown;
  }
}

/** Reserves with `limiter` what `reservation` has reserved in another store, under the same id, and confirms it. */
async function reserveAgain(
  { request, id }: Reservation,
  limiter: RateLimiter,
  clock: Clock,
): ReturnType<RateLimiter['confirm']> {
  const { deadline } = request;
  // The switch to another store must not reject a caller that has already waited until its deadline.
  const extendedRequest =
    deadline === undefined ? request : { ...request, deadline: Math.max(deadline, clock.now() + graceMs) };
  const result = await limiter.reserve(extendedRequest, id);
  return result.state === 'reserved' ? limiter.confirm(result) : result;
}

function createSharedConcurrencyLimiter({
  remote,
  local,
  connection: { clock: redisClock },
}: RemoteAndLocalLimiters): ConcurrencyLimiter {
  const toLocalTime = (event: DriverEvent): DriverEvent =>
    event.type === 'wait'
      ? { ...event, until: new Date(redisClock.toLocal(Date.parse(event.until))).toISOString() }
      : event;
  return {
    acquire(model, context) {
      const { emit } = context;
      const remoteContext = emit ? { ...context, emit: (event: DriverEvent) => emit(toLocalTime(event)) } : context;
      const acquiring = remote.concurrencyLimiter.acquire(model, remoteContext);
      return preferRemote(acquiring, () => local.concurrencyLimiter.acquire(model, context));
    },
  };
}
