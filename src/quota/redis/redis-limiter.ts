import { randomUUID } from 'node:crypto';
import { getNextPacificMidnight } from '../../driver/pacific-day.js';
import type { ModelState } from '../limiter/model-state.js';
import { maxAliasDepth, modelStateKey } from '../limiter/project-state.js';
import {
  createRateLimiter,
  type RateLimiter,
  type RateLimiterOptions,
  type Reservation,
  type ReservationFailure,
} from '../limiter/rate-limiter.js';
import type { SendTime } from '../limiter/schedule.js';
import { type RedisConnection, RedisUnavailable } from './connection.js';
import { mergeLocalState } from './merge-local-state.js';
import type { RedisQuotaStore } from './redis-store.js';
import type { RedisScript } from './scripts.js';

export interface RedisRateLimiterOptions extends Omit<RateLimiterOptions, 'store' | 'clock'> {
  connection: RedisConnection;
  store: RedisQuotaStore;
  /** What this machine knows by itself of a page, by our own clock: it was sent, whatever Redis forgot. */
  readLocalState?: (key: string) => Promise<ModelState | undefined>;
}

/** What the scripts for booking, confirming (`done` is its leave to send) and giving up answer. Times are the server's. */
type ScriptOutcome =
  | { state: 'done' }
  | ({ state: 'booked'; isAsItWas?: never } & SendTime)
  | { state: 'booked'; at: number; isAsItWas: true }
  | ReservationFailure
  | { state: 'unknown' }
  | { state: 'days' }
  | { state: 'elsewhere'; model: string };
type FinalOutcome = Exclude<ScriptOutcome, { state: 'unknown' | 'days' | 'elsewhere' }> & { model: string };

/** How often a page may have been lost between two questions before that is no accident. */
const maxAttempts = 12;

/**
 * The quota book that machines share: booking, confirming and giving up are a script each, which many can run at once; all else is
 * the very code of the other books, by optimistic changes. All times on its pages are the server's; callers give and get
 * those of their own clock. Rejects with RedisAway where Redis can't be asked.
 */
export function createRedisRateLimiter(options: RedisRateLimiterOptions): RateLimiter {
  const { clock } = options.connection;
  const limiter = createRateLimiter({ ...options, store: options.store, clock });
  const runScript = createScriptRunner(options);

  /** In our own time; but the end of a day is the same moment by any clock. */
  const toLocalTime = ({ at, state, model }: ReservationFailure): ReservationFailure => ({
    ...{ state, model },
    at: state === 'closed' ? at : clock.toLocal(at),
  });
  const toReservation = (
    outcome: FinalOutcome & { state: 'booked' },
    previous: ReservationRef & Partial<Reservation>,
  ): Reservation => {
    const { reason, guessed = false } = outcome.isAsItWas ? previous : outcome;
    return {
      ...{
        state: 'booked',
        id: previous.id,
        request: previous.request,
        model: outcome.model,
        at: clock.toLocal(outcome.at),
      },
      ...{ guessed, shared: true, ...(reason !== undefined && { reason }) },
    };
  };

  return {
    ...limiter,
    async reserve(request, id = randomUUID()) {
      const outcome = await runScript('boticelliBook', { id, request });
      if (outcome.state === 'done') throw new RedisUnavailable('it answers what it was not asked');
      return outcome.state === 'booked' ? toReservation(outcome, { id, request }) : toLocalTime(outcome);
    },
    async reschedule(reservation) {
      const outcome = await limiter.reschedule(reservation);
      return outcome.state === 'booked'
        ? { ...outcome, at: clock.toLocal(outcome.at), shared: true }
        : toLocalTime(outcome);
    },
    async confirm(reservation) {
      const outcome = await runScript('boticelliConfirm', reservation);
      if (outcome.state === 'done') return 'go';
      return outcome.state === 'booked' ? toReservation(outcome, reservation) : toLocalTime(outcome);
    },
    async cancel(reservation) {
      await runScript('boticelliCancel', reservation);
    },
    async recordSent(request, id) {
      const reservation = await limiter.recordSent(request, id);
      return { ...reservation, at: clock.toLocal(reservation.at), shared: true };
    },
    recordRejection: (reservation, { closedUntil, ...rejection }) =>
      limiter.recordRejection(reservation, {
        ...rejection,
        // By our own clock it may be another day than by the one that all share.
        ...(closedUntil !== undefined && { closedUntil: getNextPacificMidnight(clock.now()).getTime() }),
      }),
  };
}

type ReservationRef = Pick<Reservation, 'id' | 'request'>;

/** Has a script work on the page that a model's requests are counted on. */
function createScriptRunner({
  connection,
  store,
  project,
  windowMs = 60_000,
  budget = {},
  readLocalState,
}: RedisRateLimiterOptions) {
  const { clock } = connection;
  const editions = new Map<string, string>();

  /** Tells Redis what this machine knows of a page: at its first use, and whenever it was lost and begun anew. */
  const mergeLocal = async (key: string): Promise<void> => {
    const localState = await readLocalState?.(key);
    const edition = randomUUID();
    const currentEdition = await store.transact(key, (state) =>
      mergeLocalState(state, localState, { edition, now: clock.now(), toServerTime: clock.toServer, windowMs }),
    );
    editions.set(key, currentEdition);
  };

  return async (script: RedisScript, { id, request }: ReservationRef): Promise<FinalOutcome> => {
    const { estimatedTokens, deadline, resolveLimits } = request;
    let { model } = request;
    let dayEnds: number[] | undefined;
    for (let depth = 1, attempts = 0; attempts < maxAttempts; attempts += 1) {
      const key = modelStateKey(project, model);
      const { text = '{}' } = await connection.runScript(script, store.redisKey(key), {
        ...{ id, windowMs, budget, estimatedTokens, dayEnds, expiryMs: store.expiryMs },
        ...{ edition: editions.get(key), limits: resolveLimits(model), mayMove: depth < maxAliasDepth },
        ...(deadline !== undefined && { latest: clock.toServer(deadline) }),
      });
      const outcome: ScriptOutcome = JSON.parse(text);
      if (outcome.state === 'unknown') await mergeLocal(key);
      else if (outcome.state === 'days') dayEnds = listPacificDayEnds(clock.now());
      else if (outcome.state !== 'elsewhere') return { ...outcome, model };
      else [model, depth] = [outcome.model, depth + 1];
    }
    throw new RedisUnavailable('it forgets what it is told');
  };
}

/** The ends of the Pacific days from the one before now to the one in nine days. */
function listPacificDayEnds(now: number): number[] {
  const ends = [getNextPacificMidnight(now - 25 * 3_600_000).getTime()];
  for (let last = ends[0] ?? now; last < now + 9 * 86_400_000; ends.push(last))
    last = getNextPacificMidnight(last).getTime();
  return ends;
}
