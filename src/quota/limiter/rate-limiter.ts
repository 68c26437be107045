import { randomUUID } from 'node:crypto';
import type { Limits, QuotaBudget } from '../limits.js';
import { applyRejection, applyTokenCount, type QuotaRejection } from './learned-limits.js';
import { correctTokenEstimate, findOrCreateDay, type ModelState } from './model-state.js';
import { createProjectState, type ProjectStateOptions } from './project-state.js';
import {
  advancePending,
  computeWindowLimits,
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
  /** Returns the limits of a model: the requested one, or the one that serves the alias. */
  resolveLimits: (model: string) => Limits;
  /** The latest acceptable send time, in milliseconds since the epoch. By default there is none. */
  deadline?: number;
}

/** Quota reserved for one request, and when to send it. */
export interface Reservation extends SendTime {
  state: 'booked';
  id: string;
  request: ReservationRequest;
  /** The model whose quota is used: for an alias, the model that serves it, once known. */
  model: string;
  /** True if the reservation is in Redis. */
  shared?: boolean;
}

/** What identifies a reservation. */
export type ReservationRef = Pick<Reservation, 'id' | 'request'>;

/** Why nothing was reserved. */
export interface ReservationFailure {
  /** `closed`: the daily quota is used up. `too-late`: the first possible send time is after the deadline. */
  state: 'closed' | 'too-late';
  model: string;
  /** The end of the day, or the first possible send time. Milliseconds since the epoch. */
  at: number;
}

export type ReservationResult = Reservation | ReservationFailure;

/**
 * Reserves quota before requests are sent, first come, first served among all users of the store. Every call is one
 * transaction per model state.
 */
export interface RateLimiter {
  /**
   * Reserves the first send time at which the request fits.
   * @param id the id of the reservation. Default: a new one. To move a reservation to another store, pass its id.
   */
  reserve(request: ReservationRequest, id?: string): Promise<ReservationResult>;
  /**
   * Moves a pending reservation to an earlier time if quota has become free. This call is optional, and must come
   * before the reservation's time.
   */
  reschedule(reservation: Reservation): Promise<ReservationResult>;
  /**
   * Confirms a reservation at its time, just before the request is sent.
   * @returns `go` to send now, otherwise the reservation that replaces this one, or why nothing was reserved
   */
  confirm(reservation: Reservation): Promise<'go' | ReservationResult>;
  /** Records a request that is sent now, even if it exceeds the limits. */
  recordSent(request: ReservationRequest, id?: string): Promise<Reservation>;
  /** Releases a reservation whose request is not sent. */
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

export interface RateLimiterOptions extends ProjectStateOptions {
  budget?: QuotaBudget;
}

/** Creates the rate limiter of one project. The algorithm is the same for every store. */
export function createRateLimiter(options: RateLimiterOptions): RateLimiter {
  const { updateServingState, linkAlias } = createProjectState(options);
  const { windowMs = 60_000 } = options;
  const updateWithLimits = <Ref extends ReservationRef, Result>(
    reservation: Ref,
    change: (state: ModelState, now: number, resolved: Ref & { model: string }, window: WindowLimits) => Result,
  ): Promise<Result> =>
    updateServingState(reservation.request.model, (state, now, model) => {
      const window = computeWindowLimits(state, reservation.request.resolveLimits(model), options);
      return change(state, now, { ...reservation, model }, window);
    });

  return {
    reserve: (request, id = randomUUID()) => updateWithLimits({ id, request }, reserveIn),
    reschedule: (reservation) => updateWithLimits(reservation, rescheduleIn),
    confirm: (reservation) => updateWithLimits(reservation, confirmIn),
    recordSent: (request, id = randomUUID()) =>
      updateServingState(request.model, (state, now, model) => {
        const tokens = correctTokenEstimate(state, request.estimatedTokens);
        insertReservation(state, { id, at: now, tokens, bookedAt: now, confirmed: true });
        return { state: 'booked', id, request, model, at: now, guessed: false };
      }),
    cancel: ({ request, id }) => updateServingState(request.model, (state) => void removeReservation(state, id)),
    async settle({ id, request }, { promptTokens, servedModel }) {
      await linkAlias(request.model, servedModel, id);
      const tokens = { estimated: request.estimatedTokens, actual: promptTokens ?? 0 };
      await updateServingState(request.model, (state) => applyTokenCount(state, id, tokens));
    },
    async recordRejection({ id, request }, rejection) {
      // The API names the model whose quota is exceeded. For an alias, that is the model that serves it.
      const namedModel = rejection.violations.find(({ model }) => model !== undefined)?.model;
      if (namedModel !== undefined) await linkAlias(request.model, namedModel, id);
      await updateServingState(request.model, (state, now, model) => {
        const limits = request.resolveLimits(model);
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
  const tokens = correctTokenEstimate(state, request.estimatedTokens);
  const scheduled = scheduleRequest(state, tokens, now, window);
  if (!scheduled.ok) return { state: 'closed', model, at: scheduled.until };
  const { at, reason, guessed } = scheduled;
  // A request that does not have to wait is never too late: with `--max-wait 0`, the deadline may have passed by now.
  if (request.deadline !== undefined && at > Math.max(now, request.deadline)) return { state: 'too-late', model, at };
  insertReservation(state, { id, at, tokens, estimated: request.estimatedTokens, bookedAt: now, confirmed: false });
  return { state: 'booked', id, request, model, at, guessed, ...(reason && { reason }) };
}

function rescheduleIn(state: ModelState, now: number, previous: Reservation, window: WindowLimits): ReservationResult {
  advancePending(state, now, window);
  const stored = state.appointments.find(({ id }) => id === previous.id);
  return stored ? { ...previous, at: stored.at } : reserveIn(state, now, previous, window);
}

function confirmIn(
  state: ModelState,
  now: number,
  reservation: Reservation,
  window: WindowLimits,
): 'go' | ReservationResult {
  const stored = state.appointments.find(({ id }) => id === reservation.id);
  if (stored && state.closedUntil === undefined) {
    if (stored.at > now) return { ...reservation, at: stored.at };
    // A request that is less than one window late can still be sent, because the reservations since then were scheduled
    // with it in their window. Pending ones are postponed, because it now stays in the window longer. Later than that,
    // other requests may have taken its place.
    if (now - stored.at < window.windowMs && findOrCreateDay(state, stored.at) === findOrCreateDay(state, now)) {
      stored.confirmed = true;
      if (now > stored.at) {
        stored.at = now;
        state.appointments.sort((left, right) => left.at - right.at);
        postponePending(state, now, window);
      }
      return 'go';
    }
  }
  // The time has passed (the machine slept), or the reservation was dropped because the daily quota is used up.
  removeReservation(state, reservation.id);
  return reserveIn(state, now, reservation, window);
}
