import { randomUUID } from 'node:crypto';
import { nextPacificMidnight } from '../../driver/pacific-day.js';
import type { Page } from '../limiter/model-state.js';
import { mostNames, pageKey } from '../limiter/project-state.js';
import {
  type Booked,
  createQuotaBook,
  type NotBooked,
  type QuotaBook,
  type QuotaBookOptions,
} from '../limiter/rate-limiter.js';
import type { Moment } from '../limiter/schedule.js';
import { RedisAway, type RedisConnection } from './connection.js';
import { introduce } from './merge-local-state.js';
import type { RedisKeeper } from './redis-store.js';
import type { RedisScript } from './scripts.js';

export interface RedisBookOptions extends Omit<QuotaBookOptions, 'keeper' | 'clock'> {
  connection: RedisConnection;
  keeper: RedisKeeper;
  /** What this machine knows by itself of a page, by our own clock: it was sent, whatever Redis forgot. */
  knownHere?: (key: string) => Promise<Page | undefined>;
}

/** What the scripts for booking, confirming (`done` is its leave to send) and giving up answer. Times are the server's. */
type Answer =
  | { state: 'done' }
  | ({ state: 'booked'; isAsItWas?: never } & Moment)
  | { state: 'booked'; at: number; isAsItWas: true }
  | NotBooked
  | { state: 'unknown' }
  | { state: 'days' }
  | { state: 'elsewhere'; model: string };
type Settled = Exclude<Answer, { state: 'unknown' | 'days' | 'elsewhere' }> & { model: string };

/** How often a page may have been lost between two questions before that is no accident. */
const mostQuestions = 12;

/**
 * The quota book that machines share: booking, confirming and giving up are a script each, which many can run at once; all else is
 * the very code of the other books, by optimistic changes. All times on its pages are the server's; callers give and get
 * those of their own clock. Rejects with RedisAway where Redis can't be asked.
 */
export function createRedisBook(options: RedisBookOptions): QuotaBook {
  const { clock } = options.connection;
  const book = createQuotaBook({ ...options, keeper: options.keeper, clock });
  const ask = askingScripts(options);

  /** In our own time; but the end of a day is the same moment by any clock. */
  const inOwnTime = ({ at, state, model }: NotBooked): NotBooked => ({
    ...{ state, model },
    at: state === 'closed' ? at : clock.toOwn(at),
  });
  const bookedBy = (answer: Settled & { state: 'booked' }, was: Named & Partial<Booked>): Booked => {
    const { reason, guessed = false } = answer.isAsItWas ? was : answer;
    return {
      ...{ state: 'booked', id: was.id, wish: was.wish, model: answer.model, at: clock.toOwn(answer.at) },
      ...{ guessed, shared: true, ...(reason !== undefined && { reason }) },
    };
  };

  return {
    ...book,
    async book(wish, id = randomUUID()) {
      const answer = await ask('boticelliBook', { id, wish });
      if (answer.state === 'done') throw new RedisAway('it answers what it was not asked');
      return answer.state === 'booked' ? bookedBy(answer, { id, wish }) : inOwnTime(answer);
    },
    async look(booked) {
      const answer = await book.look(booked);
      return answer.state === 'booked' ? { ...answer, at: clock.toOwn(answer.at), shared: true } : inOwnTime(answer);
    },
    async confirm(booked) {
      const answer = await ask('boticelliConfirm', booked);
      if (answer.state === 'done') return 'go';
      return answer.state === 'booked' ? bookedBy(answer, booked) : inOwnTime(answer);
    },
    async cancel(booked) {
      await ask('boticelliCancel', booked);
    },
    async sent(wish, id) {
      const booked = await book.sent(wish, id);
      return { ...booked, at: clock.toOwn(booked.at), shared: true };
    },
    learn: (booked, { closedUntil, ...refusal }) =>
      book.learn(booked, {
        ...refusal,
        // By our own clock it may be another day than by the one that all share.
        ...(closedUntil !== undefined && { closedUntil: nextPacificMidnight(clock.now()).getTime() }),
      }),
  };
}

type Named = Pick<Booked, 'id' | 'wish'>;

/** Has a script work on the page that a model's requests are counted on. */
function askingScripts({ connection, keeper, project, windowMs = 60_000, budget = {}, knownHere }: RedisBookOptions) {
  const { clock } = connection;
  const editions = new Map<string, string>();

  /** Tells Redis what this machine knows of a page: at its first use, and whenever it was lost and begun anew. */
  const meet = async (key: string): Promise<void> => {
    const known = await knownHere?.(key);
    const edition = randomUUID();
    const met = await keeper.transact(key, (page) =>
      introduce(page, known, { edition, now: clock.now(), toShared: clock.toServer, windowMs }),
    );
    editions.set(key, met);
  };

  return async (script: RedisScript, { id, wish }: Named): Promise<Settled> => {
    const { estimatedTokens, latest, limitsOf } = wish;
    let { model } = wish;
    let dayEnds: number[] | undefined;
    for (let names = 1, questions = 0; questions < mostQuestions; questions += 1) {
      const key = pageKey(project, model);
      const { text = '{}' } = await connection.run(script, keeper.redisKey(key), {
        ...{ id, windowMs, budget, estimatedTokens, dayEnds, expiryMs: keeper.expiryMs },
        ...{ edition: editions.get(key), limits: limitsOf(model), mayMove: names < mostNames },
        ...(latest !== undefined && { latest: clock.toServer(latest) }),
      });
      const answer: Answer = JSON.parse(text);
      if (answer.state === 'unknown') await meet(key);
      else if (answer.state === 'days') dayEnds = pacificDaysAround(clock.now());
      else if (answer.state !== 'elsewhere') return { ...answer, model };
      else [model, names] = [answer.model, names + 1];
    }
    throw new RedisAway('it forgets what it is told');
  };
}

/** The ends of the Pacific days from the one before now to the one in nine days. */
function pacificDaysAround(now: number): number[] {
  const ends = [nextPacificMidnight(now - 25 * 3_600_000).getTime()];
  for (let last = ends[0] ?? now; last < now + 9 * 86_400_000; ends.push(last))
    last = nextPacificMidnight(last).getTime();
  return ends;
}
