import type { Clock } from '../../driver/clock.js';
import type { ConcurrencyLimiter } from '../../driver/concurrency-limiter.js';
import type { DriverEvent } from '../../driver/driver-events.js';
import { createConcurrencyLimiter } from '../limiter/concurrency-leases.js';
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

/** What a model's requests are admitted by. */
export interface QuotaLimiters {
  limiter: RateLimiter;
  concurrencyLimiter: ConcurrencyLimiter;
}

export interface SharedLimitersOptions {
  connection: RedisConnection;
  /** What all keys in Redis begin with. */
  prefix?: string;
  /** Keeps what this machine knows by itself. */
  store: QuotaStore;
  clock: Clock;
  project: string;
  windowMs?: number;
  budget?: QuotaBudget;
  limitsFor: (model: string, requestedAs?: string) => Limits;
  /** Bounds the wait for a place at the gate. */
  maxWaitMs?: number;
}

/** How long the end of a run waits for its own machine's book. */
const closeTimeoutMs = 1000;
/** How much longer an appointment may take that is made again in another book. */
const graceMs = 1000;

/**
 * The quota that machines share through Redis; where that is away, the book of this machine stands in for it, from one
 * question to the next.
 *
 * What this machine sends is always written into its own book too, aside of what the request waits for. So the book that
 * stands in knows what was sent from here, and Redis is told what it missed: when it is first asked, and whenever it lost
 * its memory (`introduce.ts`).
 */
export function createSharedLimiters(options: SharedLimitersOptions): QuotaLimiters {
  const { connection, store, clock, prefix, ...rest } = options;
  const background = createBackgroundQueue();
  const redisStore = createRedisQuotaStore({ connection, ...(prefix !== undefined && { prefix }) });
  const pair: LimiterPair = {
    remote: {
      limiter: createRedisRateLimiter({
        ...rest,
        connection,
        store: redisStore,
        readLocalState: createLocalStateReader(store, background),
      }),
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
  background: BackgroundQueue;
  connection: RedisConnection;
  clock: Clock;
}

function createSharedRateLimiter(pair: LimiterPair): RateLimiter {
  const { remote, local, background, connection, clock } = pair;
  /** For both to know: an id that is not there does no harm. */
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
    // Where the other book is away there is nothing to be seen: the confirmation will find out.
    reschedule: (reservation) =>
      reservation.shared
        ? preferRemote(
            () => remote.limiter.reschedule(reservation),
            async () => reservation,
          )
        : local.limiter.reschedule(reservation),
    async confirm(reservation) {
      const confirmIn = (limiter: RateLimiter, isOwner: boolean) =>
        isOwner ? limiter.confirm(reservation) : reserveAgain(reservation, limiter, clock);
      const { shared = false } = reservation;
      return preferRemote(
        async () => {
          const outcome = await confirmIn(remote.limiter, shared);
          if (!shared) background.enqueue(() => local.limiter.cancel(reservation));
          if (outcome === 'go') background.enqueue(() => local.limiter.recordSent(reservation.request, reservation.id));
          return outcome;
        },
        async () => {
          await background.drain();
          return confirmIn(local.limiter, !shared);
        },
      );
    },
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

/** Asks the book that machines share, or where it is away this machine's own, when that knows all that was sent. */
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

/** An appointment that was made in the other book is made in this one, and kept where its time has come. */
async function reserveAgain(
  { request, id }: Reservation,
  limiter: RateLimiter,
  clock: Clock,
): Promise<'go' | Reservation | ReservationFailure> {
  const { deadline } = request;
  // Whoever waited for it as long as he would is not sent away for that it must be made again.
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

/** What this machine's book has of a page, with all that was still to be written. */
function createLocalStateReader(
  store: QuotaStore,
  background: BackgroundQueue,
): (key: string) => Promise<ModelState | undefined> {
  return async (key) => {
    await background.drain();
    // All pages are read without a lock, which another program may hold for long.
    return (await store.readAll().catch(() => undefined))?.get(key);
  };
}

/** Work that nobody waits for, done in its order. */
interface BackgroundQueue {
  enqueue(work: () => Promise<unknown>): void;
  /** Resolves when all is done so far. */
  drain(): Promise<void>;
}

function createBackgroundQueue(): BackgroundQueue {
  let tail: Promise<unknown> = Promise.resolve();
  return {
    enqueue(work) {
      tail = tail.then(work).catch(() => {});
    },
    async drain() {
      await tail;
    },
  };
}
