import { randomUUID } from 'node:crypto';
import { getNextPacificMidnight, isPacificMidnight } from '../../driver/pacific-day.js';
import type { ModelState } from '../limiter/model-state.js';
import { maxAliasDepth, modelStateKey } from '../limiter/model-state-access.js';
import {
  createRateLimiter,
  type RateLimiter,
  type RateLimiterOptions,
  type Reservation,
  type ReservationRef,
  type ReservationResult,
} from '../limiter/rate-limiter.js';
import type { SendTime } from '../limiter/schedule.js';
import { type RedisConnection, RedisUnavailable } from './connection.js';
import { mergeLocalState } from './merge-local-state.js';
import { expiryMs, type RedisQuotaStore } from './redis-store.js';
import type { RedisScript } from './scripts.js';

/** The options of `createRedisRateLimiter`. */
export interface RedisRateLimiterOptions extends Omit<RateLimiterOptions, 'store' | 'clock'> {
  connection: RedisConnection;
  store: RedisQuotaStore;
  /**
   * Reads the state that this machine has recorded, to restore what Redis has lost. The times in the state are by this
   * machine's clock.
   */
  readLocalState?: (key: string) => Promise<ModelState | undefined>;
}

/** What a script reserved, or why it reserved nothing. Times are server times. */
type ServerTimeResult =
  /**
   * The reservation. If it is confirmed before `at`, the result has no `isLimitGuessed` and no `limit`: the
   * values of the earlier result still apply. So does the earlier `reason`, if the result has none.
   */
  | ({ state: 'reserved' } & Pick<SendTime, 'at' | 'reason' | 'limit'> & { isLimitGuessed?: boolean })
  | { state: 'blocked'; at: number }
  | { state: 'too-late'; at: number; reason?: 'spend' }
  | { state: 'too-large'; tokens: number; limit: number };
/**
 * The final result of a script. `done`: the reservation was cancelled, or it was confirmed and its request may be sent.
 */
type FinalOutcome = { state: 'done' } | ServerTimeResult;
/**
 * The final result, or why the script must run again. `unknown`: this process has not seen the stored state yet, or
 * Redis has lost it. `needs-day-ends`: the script needs `dayEnds`, the ends of the Pacific days, because Lua has no
 * calendar. `is-alias`: the requested model is an alias, and `model` serves the alias.
 */
type ScriptOutcome = FinalOutcome | { state: 'unknown' | 'needs-day-ends' } | { state: 'is-alias'; model: string };

/** Maximum calls of a script: it is repeated for an alias, for missing day ends, and if Redis has lost the state. */
const maxAttempts = 12;

/**
 * Creates a rate limiter that several machines share. Reserve, confirm and cancel are Lua scripts, because many
 * processes call them concurrently. All other methods are those of `createRateLimiter`, with the optimistic
 * transactions of the Redis store. Stored times are by the server's clock. Callers pass and receive times by this
 * machine's clock. Methods reject with `RedisUnavailable` while Redis is down.
 */
export function createRedisRateLimiter(options: RedisRateLimiterOptions): RateLimiter {
  const { clock } = options.connection;
  const limiter = createRateLimiter({ ...options, store: options.store, clock });
  const runScript = createScriptRunner(options);

  const toLocal = <Outcome extends ReservationResult>(outcome: Outcome): Outcome => {
    if (outcome.state === 'too-large') return outcome;
    // The end of a day comes from the calendar, not from a clock, so it is not converted.
    if (outcome.state === 'blocked' && isPacificMidnight(outcome.at)) return outcome;
    return { ...outcome, at: clock.toLocal(outcome.at) };
  };
  const toResult = (
    outcome: ServerTimeResult & { model: string },
    previous: ReservationRef & Partial<Reservation>,
  ): ReservationResult => {
    if (outcome.state !== 'reserved') return toLocal(outcome);
    const { model, at } = outcome;
    const isTooEarly = outcome.isLimitGuessed === undefined;
    const { isLimitGuessed = false, limit } = isTooEarly ? previous : outcome;
    const reason = outcome.reason ?? (isTooEarly ? previous.reason : undefined);
    const { id, request } = previous;
    const reservation = { state: 'reserved', id, request, model, at, isLimitGuessed, isInRedis: true } as const;
    return toLocal({ ...reservation, ...(reason !== undefined && { reason }), ...(limit !== undefined && { limit }) });
  };

  return {
    ...limiter,
    async reserve(request, id = randomUUID()) {
      await limiter.applyProjectPause(request.model);
      const outcome = await runScript('boticelliReserve', { id, request });
      if (outcome.state === 'done') throw new RedisUnavailable('unexpected script result');
      return toResult(outcome, { id, request });
    },
    async reschedule(reservation) {
      const outcome = await limiter.reschedule(reservation);
      return toLocal(outcome.state === 'reserved' ? { ...outcome, isInRedis: true } : outcome);
    },
    async confirm(reservation) {
      const outcome = await runScript('boticelliConfirm', reservation);
      return outcome.state === 'done' ? 'go' : toResult(outcome, reservation);
    },
    async cancel(reservation) {
      await runScript('boticelliCancel', reservation);
    },
    async recordSent(request, id) {
      return toLocal({ ...(await limiter.recordSent(request, id)), isInRedis: true });
    },
    recordRejection: (reservation, { blockedUntil, ...rejection }) =>
      limiter.recordRejection(reservation, {
        ...rejection,
        ...(blockedUntil !== undefined && { blockedUntil: toServerEnd(blockedUntil, clock) }),
      }),
  };
}

/**
 * Converts the end of a block to server time. If the block ends with a Pacific day, computes the end of the day again,
 * with the server's clock, because the local clock may show another day.
 */
function toServerEnd(blockedUntil: number, clock: RedisConnection['clock']): number {
  return isPacificMidnight(blockedUntil) ? getNextPacificMidnight(clock.now()).getTime() : clock.toServer(blockedUntil);
}

/** Creates a function that runs a script on the state in which a model's requests are counted. */
function createScriptRunner(options: RedisRateLimiterOptions) {
  const { connection, store, project, windowMs = 60_000, limitMultipliers = {}, readLocalState } = options;
  const { clock } = connection;
  /** By key: the `stateId` that each shared state had when this process last merged its local state. */
  const knownStateIds = new Map<string, string>();

  /** Merges the local state into a shared state, when this process first uses it and whenever Redis has lost it. */
  const mergeLocal = async (key: string): Promise<void> => {
    const localState = await readLocalState?.(key);
    const newStateId = randomUUID();
    const stateId = await store.transact(key, (state) =>
      mergeLocalState(state, localState, { newStateId, now: clock.now(), toServerTime: clock.toServer, windowMs }),
    );
    knownStateIds.set(key, stateId);
  };

  return async (script: RedisScript, { id, request }: ReservationRef): Promise<FinalOutcome & { model: string }> => {
    const { estimatedTokens, countedTokens, ignoresTokenLimit, deadline, limitsFor } = request;
    let { model } = request;
    let dayEnds: number[] | undefined;
    for (let depth = 1, attempts = 0; attempts < maxAttempts; attempts += 1) {
      const key = modelStateKey(project, model);
      const { text = '{}' } = await connection.runScript(script, store.redisKey(key), {
        ...{ id, windowMs, limitMultipliers, estimatedTokens, countedTokens, ignoresTokenLimit, dayEnds, expiryMs },
        ...{ stateId: knownStateIds.get(key), limits: limitsFor(model), mayFollowAlias: depth < maxAliasDepth },
        ...(deadline !== undefined && { deadline: clock.toServer(deadline) }),
      });
      const outcome: ScriptOutcome = JSON.parse(text);
      switch (outcome.state) {
        case 'unknown':
          await mergeLocal(key);
          break;
        case 'needs-day-ends':
          dayEnds = listPacificDayEnds(clock.now());
          break;
        case 'is-alias':
          [model, depth] = [outcome.model, depth + 1];
          break;
        default:
          return { ...outcome, model };
      }
    }
    throw new RedisUnavailable('Redis keeps losing the stored quota');
  };
}

/** Returns the ends of the Pacific days from yesterday to nine days ahead. */
function listPacificDayEnds(now: number): number[] {
  const ends = [getNextPacificMidnight(now - 25 * 3_600_000).getTime()];
  for (let last = ends[0] ?? now; last < now + 9 * 86_400_000; ends.push(last))
    last = getNextPacificMidnight(last).getTime();
  return ends;
}
