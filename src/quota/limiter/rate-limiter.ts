import { randomUUID } from 'node:crypto';
import type { Limits, QuotaBudget } from '../limits.js';
import { applyRejection, applyTokenCount, type QuotaRejection, recordServed } from './learned-limits.js';
import { mergeSettled } from './merge-settled.js';
import { correctTokenEstimate, findOrCreateDay, type ModelState } from './model-state.js';
import { createModelStateAccess, type ModelStateOptions } from './model-state-access.js';
import { createProjectPause } from './project-pause.js';
import {
  advancePending,
  computeWindowLimits,
  exceedsLearnedLimit,
  insertReservation,
  postponePending,
  removeReservation,
  type SendTime,
  scheduleRequest,
  type WindowLimits,
} from './schedule.js';

/** What to reserve quota for. */
export interface ReservationRequest {
  /** The requested model; may be an alias. */
  model: string;
  /** The caller's estimate of prompt tokens. The limiter corrects it with the token counts that it has seen. */
  estimatedTokens: number;
  /** The service's own count of the prompt tokens, if known. It replaces the estimate. */
  countedTokens?: number;
  /** True to reserve even if the estimate exceeds a learned limit of tokens per minute. */
  ignoresTokenLimit?: boolean;
  /** Returns the limits of a model: the requested one, or the one that serves the alias. */
  limitsFor: (model: string) => Limits;
  /** The latest acceptable send time, in milliseconds since the epoch. By default there is none. */
  deadline?: number;
}

/** Quota reserved for one request, and when to send it. */
export interface Reservation extends SendTime {
  state: 'reserved';
  id: string;
  request: ReservationRequest;
  /** The model whose quota is used: for an alias, the model that serves it, once known. */
  model: string;
  /** True if the reservation is in Redis. Absent if it is in a local store. */
  isInRedis?: boolean;
}

/** What identifies a reservation. */
export type ReservationRef = Pick<Reservation, 'id' | 'request'>;

/** Why nothing was reserved. Times are milliseconds since the epoch. */
export type ReservationFailure =
  /** Until `at`, no request is sent: the daily quota is used up, or the API asked for a delay of over ten minutes. */
  | { state: 'blocked'; model: string; at: number }
  /** The first possible send time, `at`, is after the deadline. `reason` is set if the whole project pauses. */
  | { state: 'too-late'; model: string; at: number; reason?: 'spend' }
  /** The prompt has more tokens than the service allows per minute. */
  | { state: 'too-large'; model: string; tokens: number; limit: number };

/** A reservation, or why nothing was reserved. */
export type ReservationResult = Reservation | ReservationFailure;

/**
 * Reserves quota before requests are sent, first come, first served among all users of the store. Each change of a
 * model state is one transaction.
 */
export interface RateLimiter {
  /**
   * Reserves the first send time at which the request fits.
   * @param id the id of the reservation. Default: a new one. To move a reservation to another store, pass its id.
   */
  reserve(request: ReservationRequest, id?: string): Promise<ReservationResult>;
  /**
   * Moves a pending reservation to an earlier time if quota has become free. Reserves again if the reservation was
   * dropped. This call is optional, and must come before the reservation's time.
   */
  reschedule(reservation: Reservation): Promise<ReservationResult>;
  /**
   * Confirms a reservation at its time, just before the request is sent.
   * @returns `go` to send now; the reservation with a later time, to wait until then; or why nothing was reserved
   */
  confirm(reservation: Reservation): Promise<'go' | ReservationResult>;
  /** Records a request that is sent now, even if it exceeds the limits. */
  recordSent(request: ReservationRequest, id?: string): Promise<Reservation>;
  /** Releases a reservation whose request is not sent, or was sent and used no quota. */
  cancel(reservation: Reservation): Promise<void>;
  /**
   * Replaces the token estimate with the actual count, and records which model serves an alias. The estimate stays if
   * there is no count.
   */
  settle(reservation: Reservation, reply: { promptTokens?: number | undefined; servedModel: string }): Promise<void>;
  /** Learns limits from a rejected request, for everyone who shares the store, and releases its reservation. */
  recordRejection(reservation: Reservation, rejection: QuotaRejection): Promise<void>;
  /** Closes connections. Call once at the end. Never rejects. */
  close?(): Promise<void>;
}

/** The options of `createRateLimiter`. */
export interface RateLimiterOptions extends ModelStateOptions {
  /** The share of each limit to use, such as 0.8. */
  limitMultipliers?: QuotaBudget;
}

/** The base of other rate limiters. If such a limiter replaces `reserve`, it must first call `applyProjectPause`. */
export interface PausingRateLimiter extends RateLimiter {
  /** Applies a pause of the project to a model that had no state when the pause began. Call it before reserving. */
  applyProjectPause(model: string): Promise<void>;
}

/** Creates the rate limiter of one project. The algorithm is the same for every store. */
export function createRateLimiter(options: RateLimiterOptions): PausingRateLimiter {
  const { updateStateOfServingModel, linkAlias } = createModelStateAccess(options);
  const { windowMs = 60_000 } = options;
  const updateWithLimits = <Ref extends ReservationRef, Result>(
    reservation: Ref,
    change: (state: ModelState, now: number, withModel: Ref & { model: string }, window: WindowLimits) => Result,
  ): Promise<Result> =>
    updateStateOfServingModel(reservation.request.model, (state, now, model) => {
      const window = computeWindowLimits(state, reservation.request.limitsFor(model), options);
      return change(state, now, { ...reservation, model }, window);
    });

  const projectPause = createProjectPause(options);
  return {
    applyProjectPause: projectPause.applyTo,
    async reserve(request, id = randomUUID()) {
      await projectPause.applyTo(request.model);
      return updateWithLimits({ id, request }, reserveIn);
    },
    reschedule: (reservation) => updateWithLimits(reservation, rescheduleIn),
    confirm: (reservation) => updateWithLimits(reservation, confirmIn),
    recordSent: (request, id = randomUUID()) =>
      updateStateOfServingModel(request.model, (state, now, model) => recordSentIn(state, now, { id, request, model })),
    cancel: ({ request, id }) => updateStateOfServingModel(request.model, (state) => void removeReservation(state, id)),
    async settle({ id, request }, { promptTokens, servedModel }) {
      const tokens = { estimated: request.estimatedTokens, actual: promptTokens ?? 0 };
      const trySettle = ({ acceptsAnyModel }: { acceptsAnyModel: boolean }) =>
        updateStateOfServingModel(request.model, (state, _now, model) => {
          const isAccepted = acceptsAnyModel || model === servedModel;
          if (isAccepted) settleIn(state, { id, tokens, windowMs });
          return isAccepted;
        });
      // Most replies come from the model that is known to serve the alias. Then one transaction is enough.
      if (await trySettle({ acceptsAnyModel: false })) return;
      await linkAlias(request.model, servedModel, id);
      await trySettle({ acceptsAnyModel: true });
    },
    async recordRejection({ id, request }, rejection) {
      if (rejection.pausesProject) return projectPause.begin(rejection, { id, model: request.model });
      // The API names the model whose quota is exceeded. For an alias, that is the model that serves it.
      const namedModel = rejection.violations.find(({ model }) => model !== undefined)?.model;
      if (namedModel !== undefined) await linkAlias(request.model, namedModel, id);
      await updateStateOfServingModel(request.model, (state, now, model) => {
        const limits = request.limitsFor(model);
        // A rejected request does not count against the minute or the day.
        const bookedAt = removeReservation(state, id)?.bookedAt ?? 0;
        applyRejection(state, now, rejection, { limits, windowMs, bookedAt });
        postponePending(state, now, computeWindowLimits(state, limits, options));
      });
    },
  };
}

function reserveIn(
  state: ModelState,
  now: number,
  { id, request, model }: ReservationRef & { model: string },
  window: WindowLimits,
): ReservationResult {
  const tokens = getPromptTokens(state, request);
  const limit = state.learned.tpm?.value;
  if (limit !== undefined && isTooLarge(state, tokens, request)) return { state: 'too-large', model, tokens, limit };
  const scheduled = scheduleRequest(state, tokens, now, window);
  if (!scheduled.ok) return { state: 'blocked', model, at: scheduled.until };
  const { ok: _, at, ...cause } = scheduled;
  // A request that does not have to wait is never too late: with `--max-wait 0`, the deadline may have passed by now.
  if (request.deadline !== undefined && at > Math.max(now, request.deadline))
    return { state: 'too-late', model, at, ...(cause.reason === 'spend' && { reason: cause.reason }) };
  // `advancePending` computes `tokens` from `estimated` again when the reservation moves. A count is exact and stays.
  const estimate = request.countedTokens === undefined ? { estimated: request.estimatedTokens } : {};
  insertReservation(state, { id, at, tokens, ...estimate, bookedAt: now, confirmed: false });
  return { state: 'reserved', id, request, model, at, ...cause };
}

/** Returns the count of the prompt tokens, if known, else the corrected estimate. */
function getPromptTokens(state: ModelState, { countedTokens, estimatedTokens }: ReservationRequest): number {
  return countedTokens ?? correctTokenEstimate(state, estimatedTokens);
}

function isTooLarge(state: ModelState, tokens: number, { ignoresTokenLimit }: ReservationRequest): boolean {
  return !ignoresTokenLimit && exceedsLearnedLimit(state, tokens);
}

function recordSentIn(
  state: ModelState,
  now: number,
  { id, request, model }: ReservationRef & { model: string },
): Reservation {
  const tokens = getPromptTokens(state, request);
  insertReservation(state, { id, at: now, tokens, bookedAt: now, confirmed: true });
  return { state: 'reserved', id, request, model, at: now, isLimitGuessed: false };
}

function rescheduleIn(state: ModelState, now: number, previous: Reservation, window: WindowLimits): ReservationResult {
  advancePending(state, now, window);
  const stored = state.reservations.find(({ id }) => id === previous.id);
  return stored ? { ...previous, at: stored.at } : reserveIn(state, now, previous, window);
}

function settleIn(
  state: ModelState,
  { id, tokens, windowMs }: { id: string; tokens: { estimated: number; actual: number }; windowMs: number },
): void {
  applyTokenCount(state, id, tokens);
  recordServed(state, id, windowMs);
  mergeSettled(state, id, windowMs);
}

/** Whether a pause of the whole project has delayed the pending reservations of this model. */
function isProjectPaused({ pausedUntil, pauseReason }: ModelState): boolean {
  return pausedUntil !== undefined && pauseReason === 'spend';
}

function confirmIn(
  state: ModelState,
  now: number,
  reservation: Reservation,
  window: WindowLimits,
): 'go' | ReservationResult {
  const stored = state.reservations.find(({ id }) => id === reservation.id);
  // A limit that was learned meanwhile may be too small for the request.
  if (stored && state.blockedUntil === undefined && !isTooLarge(state, stored.tokens, reservation.request)) {
    if (stored.at > now) return { ...reservation, at: stored.at, ...(isProjectPaused(state) && { reason: 'spend' }) };
    // A request that is less than one window late can still be sent: its reservation is still in the window, so no
    // other request has taken its place. After a whole window, one may have. A late reservation gets the time at which
    // its request is really sent. It then leaves the window later, so the pending reservations are postponed.
    if (now - stored.at < window.windowMs && findOrCreateDay(state, stored.at) === findOrCreateDay(state, now)) {
      stored.confirmed = true;
      if (now > stored.at) {
        stored.at = now;
        state.reservations.sort((left, right) => left.at - right.at);
        postponePending(state, now, window);
      }
      return 'go';
    }
  }
  // The reservation's time was a window or more ago, or on an earlier day (the machine slept); the reservation was
  // dropped because the daily quota is used up; or the request is too large.
  removeReservation(state, reservation.id);
  return reserveIn(state, now, reservation, window);
}
