import type { Clock } from '../../driver/clock.js';
import type { Gate } from '../../driver/concurrency-limiter.js';
import type { DriverEvent } from '../../driver/events.js';
import { createLeaseGate } from '../limiter/concurrency-leases.js';
import type { Page } from '../limiter/model-state.js';
import { type Booked, createQuotaBook, type NotBooked, type QuotaBook } from '../limiter/rate-limiter.js';
import type { Budget, Limits } from '../limits.js';
import type { Keeper } from '../stores/quota-store.js';
import { RedisAway, type RedisConnection } from './connection.js';
import { createRedisBook } from './redis-limiter.js';
import { createRedisKeeper } from './redis-store.js';

/** What a model's requests are admitted by. */
export interface Quota {
  book: QuotaBook;
  gate: Gate;
}

export interface SharedQuotaOptions {
  connection: RedisConnection;
  /** What all keys in Redis begin with. */
  prefix?: string;
  /** Keeps what this machine knows by itself. */
  keeper: Keeper;
  clock: Clock;
  project: string;
  windowMs?: number;
  budget?: Budget;
  limitsFor: (model: string, requestedAs?: string) => Limits;
  /** Bounds the wait for a place at the gate. */
  maxWaitMs?: number;
}

/** How long the end of a run waits for its own machine's book. */
const lastWordMs = 1000;
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
export function createSharedQuota(options: SharedQuotaOptions): Quota {
  const { connection, keeper, clock, prefix, ...rest } = options;
  const aside = workingAside();
  const redis = createRedisKeeper({ connection, ...(prefix !== undefined && { prefix }) });
  const both: Both = {
    there: {
      book: createRedisBook({ ...rest, connection, keeper: redis, knownHere: knownTo(keeper, aside) }),
      gate: createLeaseGate({ ...rest, keeper: redis, clock: connection.clock }),
    },
    here: { book: createQuotaBook({ ...rest, keeper, clock }), gate: createLeaseGate({ ...rest, keeper, clock }) },
    aside,
    connection,
    clock,
  };
  return { book: sharedBook(both), gate: sharedGate(both) };
}

interface Both {
  /** In Redis. */
  there: Quota;
  /** On this machine. */
  here: Quota;
  aside: Aside;
  connection: RedisConnection;
  clock: Clock;
}

function sharedBook(both: Both): QuotaBook {
  const { there, here, aside, connection, clock } = both;
  /** For both to know: an id that is not there does no harm. */
  const inBoth = async (work: (book: QuotaBook) => Promise<void>): Promise<void> => {
    aside.do(() => work(here.book));
    await either(
      () => work(there.book),
      () => aside.done(),
    );
  };
  return {
    book: (wish, id) => ask(both, (book) => book.book(wish, id)),
    sent: async (wish, id) => {
      const booked = await ask(both, (book) => book.sent(wish, id));
      if (booked.shared) aside.do(() => here.book.sent(wish, booked.id));
      return booked;
    },
    // Where the other book is away there is nothing to be seen: the confirmation will find out.
    look: (booked) =>
      booked.shared
        ? either(
            () => there.book.look(booked),
            async () => booked,
          )
        : here.book.look(booked),
    async confirm(booked) {
      const confirmIn = (book: QuotaBook, isItsOwn: boolean) =>
        isItsOwn ? book.confirm(booked) : madeAnew(booked, book, clock);
      const { shared = false } = booked;
      return either(
        async () => {
          const answer = await confirmIn(there.book, shared);
          if (!shared) aside.do(() => here.book.cancel(booked));
          if (answer === 'go') aside.do(() => here.book.sent(booked.wish, booked.id));
          return answer;
        },
        async () => {
          await aside.done();
          return confirmIn(here.book, !shared);
        },
      );
    },
    cancel: (booked) => inBoth((book) => book.cancel(booked)),
    settle: (booked, reply) => inBoth((book) => book.settle(booked, reply)),
    learn: (booked, refusal) => inBoth((book) => book.learn(booked, refusal)),
    async close() {
      await Promise.race([aside.done(), clock.sleep(lastWordMs)]);
      connection.close();
    },
  };
}

/** Asks the book that machines share, or where it is away this machine's own, when that knows all that was sent. */
function ask<Result>({ there, here, aside }: Both, question: (book: QuotaBook) => Promise<Result>): Promise<Result> {
  return either(
    () => question(there.book),
    async () => {
      await aside.done();
      return question(here.book);
    },
  );
}

async function either<Result>(shared: () => Promise<Result>, own: () => Promise<Result>): Promise<Result> {
  try {
    return await shared();
  } catch (thrown) {
    if (thrown instanceof RedisAway) return own();
    throw thrown;
  }
}

/** An appointment that was made in the other book is made in this one, and kept where its time has come. */
async function madeAnew({ wish, id }: Booked, book: QuotaBook, clock: Clock): Promise<'go' | Booked | NotBooked> {
  const { latest } = wish;
  // Whoever waited for it as long as he would is not sent away for that it must be made again.
  const patient = latest === undefined ? wish : { ...wish, latest: Math.max(latest, clock.now() + graceMs) };
  const anew = await book.book(patient, id);
  return anew.state === 'booked' ? book.confirm(anew) : anew;
}

function sharedGate({ there, here, connection: { clock } }: Both): Gate {
  return {
    enter(model, context) {
      const { emit } = context;
      const ownTime = (until: string) => new Date(clock.toOwn(Date.parse(until))).toISOString();
      const told = emit && {
        emit: (event: DriverEvent) => emit(event.type === 'wait' ? { ...event, until: ownTime(event.until) } : event),
      };
      return either(
        () => there.gate.enter(model, { ...context, ...told }),
        () => here.gate.enter(model, context),
      );
    },
  };
}

/** What this machine's book has of a page, with all that was still to be written. */
function knownTo(keeper: Keeper, aside: Aside): (key: string) => Promise<Page | undefined> {
  return async (key) => {
    await aside.done();
    // All pages are read without a lock, which another program may hold for long.
    return (await keeper.pages().catch(() => undefined))?.get(key);
  };
}

/** Work that nobody waits for, done in its order. */
interface Aside {
  do(work: () => Promise<unknown>): void;
  /** Resolves when all is done so far. */
  done(): Promise<void>;
}

function workingAside(): Aside {
  let last: Promise<unknown> = Promise.resolve();
  return {
    do(work) {
      last = last.then(work).catch(() => {});
    },
    async done() {
      await last;
    },
  };
}
