import { randomUUID } from 'node:crypto';
import type { Clock } from '../../driver/clock.js';
import type { Limits, QuotaBudget } from '../limits.js';
import type { QuotaStore } from '../stores/quota-store.js';
import { applyRejection, applyTokenCount, type QuotaRejection } from './learned-limits.js';
import { correctTokenEstimate, findOrCreateDay, type ModelState, type StoredReservation } from './model-state.js';
import { createProjectState } from './project-state.js';
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
  /** The caller's estimate of prompt tokens; the limiter corrects it by the counts it has seen. */
  estimatedTokens: number;
  /** Returns the limits of a model: the requested one, or the one that serves the alias. */
  resolveLimits: (model: string) => Limits;
  /** The latest acceptable send time, in milliseconds since the epoch. Default none. */
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

/** No reservation: the daily quota is used up, or the first possible send time is after the deadline. */
export interface ReservationFailure {
  state: 'closed' | 'too-late';
  model: string;
  /** When the request would fit. */
  at: number;
}

/**
 * Reserves quota before requests are sent, first come, first served among all users of the store. Every call is one
 * transaction per model state.
 */
export interface RateLimiter {
  /**
   * Reserves the first send time at which the request fits.
   * @param id the id of a reservation to replace; default a new one
   */
  reserve(request: ReservationRequest, id?: string): Promise<Reservation | ReservationFailure>;
  /** Moves a pending reservation forward if room has become free. Optional, before its time. */
  reschedule(reservation: Reservation): Promise<Reservation | ReservationFailure>;
  /**
   * Confirms a reservation at its time, just before the request is sent.
   * @returns `go` to send now, otherwise the reservation that replaces this one
   */
  confirm(reservation: Reservation): Promise<'go' | Reservation | ReservationFailure>;
  /** Records a request that is sent now, even if it exceeds the limits. */
  recordSent(request: ReservationRequest, id?: string): Promise<Reservation>;
  /** Releases a reservation whose request is not sent. */
  cancel(reservation: Reservation): Promise<void>;
  /** Replaces the token estimate by the actual count, and records which model serves an alias. */
  settle(reservation: Reservation, reply: { promptTokens: number; servedModel: string }): Promise<void>;
  /** Learns limits from a rejected request, for everyone who shares the store, and releases its reservation. */
  recordRejection(reservation: Reservation, rejection: QuotaRejection): Promise<void>;
  /** Closes connections. Call once at the end. Never rejects. */
  close?(): Promise<void>;
}

export interface RateLimiterOptions {
  store: QuotaStore;
  clock: Clock;
  /** All keys of a project share its limits. */
  project: string;
  /** Length of the API's "minute". Default 60 000. */
  windowMs?: number;
  budget?: QuotaBudget;
}

/** Creates the rate limiter of one project. The algorithm is the same for every store. */
export function createRateLimiter(options: RateLimiterOptions): RateLimiter {
  const { updateServing, linkAlias } = createProjectState(options);
  const { windowMs = 60_000 } = options;
  const updateWithLimits = <Result>(
    { model: requested, resolveLimits }: ReservationRequest,
    change: (state: ModelState, now: number, windowLimits: WindowLimits, model: string) => Result,
  ): Promise<Result> =>
    updateServing(requested, (state, now, model) =>
      change(state, now, computeWindowLimits(state, resolveLimits(model), options), model),
    );

  return {
    reserve: (request, id = randomUUID()) =>
      updateWithLimits(request, (state, now, windowLimits, model) =>
        reserveIn(state, now, { id, request, model }, windowLimits),
      ),
    reschedule: (reservation) =>
      updateWithLimits(reservation.request, (state, now, windowLimits, model) =>
        rescheduleIn(state, now, { ...reservation, model }, windowLimits),
      ),
    confirm: (reservation) =>
      updateWithLimits(reservation.request, (state, now, windowLimits, model) =>
        confirmIn(state, now, { ...reservation, model }, windowLimits),
      ),
    recordSent: (request, id = randomUUID()) =>
      updateServing(request.model, (state, now, model) => {
        const tokens = correctTokenEstimate(state, request.estimatedTokens);
        insertReservation(state, { id, at: now, tokens, bookedAt: now, confirmed: true });
        return { state: 'booked', id, request, model, at: now, guessed: false };
      }),
    cancel: ({ request, id }) => updateServing(request.model, (state) => void removeReservation(state, id)),
    async settle({ id, request }, { promptTokens, servedModel }) {
      await linkAlias(request.model, servedModel, id);
      const tokens = { estimated: request.estimatedTokens, actual: promptTokens };
      await updateServing(request.model, (state) => applyTokenCount(state, id, tokens));
    },
    async recordRejection({ id, request }, rejection) {
      // The API names the model whose quota is exceeded, which for an alias is another one.
      const namedModel = rejection.violations.find(({ model }) => model !== undefined)?.model;
      if (namedModel !== undefined) await linkAlias(request.model, namedModel, id);
      await updateServing(request.model, (state, now, model) => {
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
  { id, request, model }: Pick<Reservation, 'id' | 'request' | 'model'>,
  windowLimits: WindowLimits,
): Reservation | ReservationFailure {
  const tokens = correctTokenEstimate(state, request.estimatedTokens);
  const scheduled = scheduleRequest(state, tokens, now, windowLimits);
  if (!scheduled.ok) return { state: 'closed', model, at: scheduled.until };
  const { at, reason, guessed } = scheduled;
  // A request that need not wait is never too late, even if reserving took longer than `--max-wait 0` allows.
  if (request.deadline !== undefined && at > Math.max(now, request.deadline)) return { state: 'too-late', model, at };
  insertReservation(state, { id, at, tokens, estimated: request.estimatedTokens, bookedAt: now, confirmed: false });
  return { state: 'booked', id, request, model, at, guessed, ...(reason && { reason }) };
}

function rescheduleIn(
  state: ModelState,
  now: number,
  reservation: Reservation,
  windowLimits: WindowLimits,
): Reservation | ReservationFailure {
  advancePending(state, now, windowLimits);
  const stored = state.appointments.find(({ id }) => id === reservation.id);
  return stored ? { ...reservation, at: stored.at } : reserveIn(state, now, reservation, windowLimits);
}

function confirmIn(
  state: ModelState,
  now: number,
  reservation: Reservation,
  windowLimits: WindowLimits,
): 'go' | Reservation | ReservationFailure {
  const stored = state.appointments.find(({ id }) => id === reservation.id);
  if (stored && state.closedUntil === undefined) {
    if (stored.at > now) return { ...reservation, at: stored.at };
    if (canSendLate(state, stored, now, windowLimits)) {
      stored.confirmed = true;
      if (now > stored.at) moveToNow(state, stored, now, windowLimits);
      return 'go';
    }
  }
  // Missed by more than a window (the machine slept), or dropped because the day closed.
  removeReservation(state, reservation.id);
  return reserveIn(state, now, reservation, windowLimits);
}

/**
 * Returns whether a reservation can still be used after its time. Within one window it can: the reservations in between
 * counted it, and the pending ones are moved. Later, others no longer had to count it.
 */
function canSendLate(state: ModelState, { at }: StoredReservation, now: number, { windowMs }: WindowLimits): boolean {
  return now - at < windowMs && findOrCreateDay(state, at) === findOrCreateDay(state, now);
}

/** Moves a late reservation to now and postpones those that depend on it, so that the guard stays whole. */
function moveToNow(state: ModelState, reservation: StoredReservation, now: number, windowLimits: WindowLimits): void {
  reservation.at = now;
  state.appointments.sort((left, right) => left.at - right.at);
  postponePending(state, now, windowLimits);
}
