import type { Clock } from '../../driver/clock.js';
import type { DriverEvent } from '../../driver/driver-events.js';
import { createSerialQueue, type SerialQueue } from '../../util/serial-queue.js';
import { type ConcurrencyLimiter, createConcurrencyLimiter } from '../limiter/concurrency-leases.js';
import type { ModelState } from '../limiter/model-state.js';
import {
  createRateLimiter,
  type RateLimiter,
  type Reservation,
  type ReservationFailure,
} from '../limiter/rate-limiter.js';
import type { Limits, QuotaBudget } from '../limits.js';
import type { QuotaStore } from '../stores/quota-store.js';
import { type RedisConnection, RedisUnavailable } from './connection.js';
import { createRedisRateLimiter } from './redis-limiter.js';
import { createRedisQuotaStore } from './redis-store.js';

/** The two limiters that a request passes. */
export interface QuotaLimiters {
  limiter: RateLimiter;
  concurrencyLimiter: ConcurrencyLimiter;
}

export interface SharedLimitersOptions {
  connection: RedisConnection;
  /** Prefix of all keys in Redis. */
  prefix?: string;
  /** The local store: it takes over while Redis is down. */
  store: QuotaStore;
  clock: Clock;
  project: string;
  windowMs?: number;
  budget?: QuotaBudget;
  limitsFor: (model: string, requestedAs?: string) => Limits;
  /** Maximum wait for a concurrency slot. */
  maxWaitMs?: number;
}

/** How long closing waits for pending local writes. */
const closeTimeoutMs = 1000;
/** Extra time for a reservation that is made again in the other store. */
const graceMs = 1000;

/**
 * Creates limiters whose state several machines share through Redis. Each call falls back to the local store while Redis
 * is down.
 *
 * Requests are also recorded in the local store, in the background. So the local limiter knows what this machine has sent,
 * and Redis can be told on first use or after losing its data (see merge-local-state.ts).
 */
export function createSharedLimiters(options: SharedLimitersOptions): QuotaLimiters {
  const { connection, store, clock, prefix, ...rest } = options;
  const background = createSerialQueue();
  const redisStore = createRedisQuotaStore({ connection, ...(prefix !== undefined && { prefix }) });
  const readLocalState = createLocalStateReader(store, background);
  const pair: LimiterPair = {
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
  return { limiter: createSharedRateLimiter(pair), concurrencyLimiter: createSharedConcurrencyLimiter(pair) };
}

interface LimiterPair {
  /** In Redis. */
  remote: QuotaLimiters;
  /** On this machine. */
  local: QuotaLimiters;
  background: SerialQueue;
  connection: RedisConnection;
  clock: Clock;
}

function createSharedRateLimiter(pair: LimiterPair): RateLimiter {
  const { remote, local, background, connection, clock } = pair;
  /** Applies a change to both limiters; an unknown reservation is ignored. */
  const runInBoth = async (work: (limiter: RateLimiter) => Promise<void>): Promise<void> => {
    background.enqueue(() => work(local.limiter));
    await preferRemote(
      () => work(remote.limiter),
      () => background.drain(),
    );
  };
  return {
    reserve: (request, id) => callLimiter(pair, (limiter) => limiter.reserve(request, id)),
    recordSent: async (request, id) => {
      const reservation = await callLimiter(pair, (limiter) => limiter.recordSent(request, id));
      if (reservation.shared) background.enqueue(() => local.limiter.recordSent(request, reservation.id));
      return reservation;
    },
    // If Redis is down, the reservation stays as it is until it is confirmed.
    reschedule: (reservation) =>
      reservation.shared
        ? preferRemote(
            () => remote.limiter.reschedule(reservation),
            async () => reservation,
          )
        : local.limiter.reschedule(reservation),
    confirm: (reservation) => confirmShared(pair, reservation),
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

/** Confirms in Redis, or locally while Redis is down. A reservation of the other store is made again first. */
function confirmShared(
  { remote, local, background, clock }: LimiterPair,
  reservation: Reservation,
): ReturnType<RateLimiter['confirm']> {
  const { shared = false, request, id } = reservation;
  return preferRemote(
    async () => {
      const outcome = await (shared
        ? remote.limiter.confirm(reservation)
        : reserveAgain(reservation, remote.limiter, clock));
      if (!shared) background.enqueue(() => local.limiter.cancel(reservation));
      if (outcome === 'go') background.enqueue(() => local.limiter.recordSent(request, id));
      return outcome;
    },
    async () => {
      await background.drain();
      return shared ? reserveAgain(reservation, local.limiter, clock) : local.limiter.confirm(reservation);
    },
  );
}

/** Calls the limiter in Redis or, while Redis is down, the local one once its pending writes are done. */
function callLimiter<Result>(
  { remote, local, background }: LimiterPair,
  call: (limiter: RateLimiter) => Promise<Result>,
): Promise<Result> {
  return preferRemote(
    () => call(remote.limiter),
    async () => {
      await background.drain();
      return call(local.limiter);
    },
  );
}

async function preferRemote<Result>(remote: () => Promise<Result>, local: () => Promise<Result>): Promise<Result> {
  try {
    return await remote();
  } catch (thrown) {
    if (thrown instanceof RedisUnavailable) return local();
    throw thrown;
  }
}

/** Makes a reservation of the other store again in this one, and confirms it if its time has come. */
async function reserveAgain(
  { request, id }: Reservation,
  limiter: RateLimiter,
  clock: Clock,
): Promise<'go' | Reservation | ReservationFailure> {
  const { deadline } = request;
  // A caller that has already waited up to its deadline is not rejected because of the switch.
  const extendedRequest =
    deadline === undefined ? request : { ...request, deadline: Math.max(deadline, clock.now() + graceMs) };
  const newReservation = await limiter.reserve(extendedRequest, id);
  return newReservation.state === 'booked' ? limiter.confirm(newReservation) : newReservation;
}

function createSharedConcurrencyLimiter({ remote, local, connection: { clock } }: LimiterPair): ConcurrencyLimiter {
  return {
    acquire(model, context) {
      const { emit } = context;
      const toLocalIso = (until: string) => new Date(clock.toLocal(Date.parse(until))).toISOString();
      const emitInLocalTime = emit && {
        emit: (event: DriverEvent) =>
          emit(event.type === 'wait' ? { ...event, until: toLocalIso(event.until) } : event),
      };
      return preferRemote(
        () => remote.concurrencyLimiter.acquire(model, { ...context, ...emitInLocalTime }),
        () => local.concurrencyLimiter.acquire(model, context),
      );
    },
  };
}

/** Creates a function that reads the local state of a key after all pending writes. */
function createLocalStateReader(
  store: QuotaStore,
  background: SerialQueue,
): (key: string) => Promise<ModelState | undefined> {
  return async (key) => {
    await background.drain();
    // Reading all states needs no lock, which another process may hold for long.
    return (await store.readAll().catch(() => undefined))?.get(key);
  };
}
