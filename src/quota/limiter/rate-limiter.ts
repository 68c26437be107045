import { randomUUID } from 'node:crypto';
import type { Clock } from '../../driver/clock.js';
import { computeEffectiveLimits, type Limits, type QuotaBudget } from '../limits.js';
import type { QuotaStore } from '../stores/quota-store.js';
import { applyRejection, applyTokenCount, type QuotaRejection } from './learned-limits.js';
import { correctTokenEstimate, findOrCreateDay, type ModelState, type StoredReservation } from './model-state.js';
import { createProjectState } from './project-state.js';
import {
  advancePending,
  computeGuardMs,
  insertReservation,
  postponePending,
  removeReservation,
  type SendTime,
  scheduleRequest,
  type WindowLimits,
} from './schedule.js';

/** What a caller wants an appointment for. */
export interface ReservationRequest {
  /** The model asked for; it may be an alias. */
  model: string;
  /** Prompt tokens by the caller's estimate; the book corrects it by what it has seen. */
  estimatedTokens: number;
  /** The limits of a model: of the one asked for, or of what an alias is known to stand for. */
  resolveLimits: (model: string) => Limits;
  /** Beyond this moment the caller does not wait. */
  deadline?: number;
}

/** An appointment with the quota: when the request may be sent. */
export interface Reservation extends SendTime {
  state: 'booked';
  id: string;
  request: ReservationRequest;
  /** The model whose quota it is: what an alias is known to stand for. */
  model: string;
  /** True where it is in a book that machines share. */
  shared?: boolean;
}

/** No appointment: the day is used up, or the first moment is later than the caller would wait for. */
export interface ReservationFailure {
  state: 'closed' | 'too-late';
  model: string;
  /** When there would be room. */
  at: number;
}

export interface RateLimiter {
  /**
   * Makes an appointment: the first moment at which the request fits, in one transaction.
   * @param id of an appointment that is made anew: it stays the same
   */
  reserve(request: ReservationRequest, id?: string): Promise<Reservation | ReservationFailure>;
  /**
   * To be called now and then before the appointment's time: it may have come to be earlier.
   * @returns the appointment as it stands
   */
  reschedule(reservation: Reservation): Promise<Reservation | ReservationFailure>;
  /**
   * To be called at the appointment's time, just before sending.
   * @returns `go` where the request may be sent now, else the appointment that stands in its place
   */
  confirm(reservation: Reservation): Promise<'go' | Reservation | ReservationFailure>;
  /** Writes down a request that is sent now, whether or not there is room for it. */
  recordSent(request: ReservationRequest, id?: string): Promise<Reservation>;
  /** Gives an appointment up. */
  cancel(reservation: Reservation): Promise<void>;
  /** Replaces the estimate by what the service counted, and learns which model an alias stands for. */
  settle(reservation: Reservation, reply: { promptTokens: number; servedModel: string }): Promise<void>;
  /** Learns from a refusal, for everyone who shares the book. */
  recordRejection(reservation: Reservation, rejection: QuotaRejection): Promise<void>;
  /** Ends what the book holds open; to be called once, at the end. Never rejects. */
  close?(): Promise<void>;
}

export interface RateLimiterOptions {
  store: QuotaStore;
  clock: Clock;
  /** Keys of one project share its limits. */
  project: string;
  /** The length of the service's "minute". Default 60 000. */
  windowMs?: number;
  budget?: QuotaBudget;
}

/** The quota book of one project: one algorithm, whoever keeps the pages. */
export function createRateLimiter(options: RateLimiterOptions): RateLimiter {
  const projectState = createProjectState(options);
  const { windowMs = 60_000 } = options;
  const windowLimitsFor = (state: ModelState, limits: Limits) => computeWindowLimits(state, limits, options);

  return {
    reserve: (request, id = randomUUID()) =>
      projectState.updateCounted(request.model, (state, now, model) =>
        reserveIn(state, now, { id, request, model }, windowLimitsFor(state, request.resolveLimits(model))),
      ),

    reschedule: (reservation) =>
      projectState.updateCounted(reservation.request.model, (state, now, model) =>
        rescheduleIn(
          state,
          now,
          { ...reservation, model },
          windowLimitsFor(state, reservation.request.resolveLimits(model)),
        ),
      ),

    confirm: (reservation) =>
      projectState.updateCounted(reservation.request.model, (state, now, model) =>
        confirmIn(
          state,
          now,
          { ...reservation, model },
          windowLimitsFor(state, reservation.request.resolveLimits(model)),
        ),
      ),

    recordSent: (request, id = randomUUID()) =>
      projectState.updateCounted(request.model, (state, now, model) => {
        const tokens = correctTokenEstimate(state, request.estimatedTokens);
        insertReservation(state, { id, at: now, tokens, bookedAt: now, confirmed: true });
        return { state: 'booked', id, request, model, at: now, guessed: false };
      }),

    cancel: ({ request, id }) =>
      projectState.updateCounted(request.model, (state) => void removeReservation(state, id)),

    async settle({ id, request }, { promptTokens, servedModel }) {
      await projectState.linkAlias(request.model, servedModel, id);
      const tokens = { estimated: request.estimatedTokens, actual: promptTokens };
      await projectState.updateCounted(request.model, (state) => applyTokenCount(state, id, tokens));
    },

    async recordRejection({ id, request }, rejection) {
      // The service names the model whose quota it is, which for an alias is another one.
      const namedModel = rejection.facts.find(({ model }) => model !== undefined)?.model;
      if (namedModel !== undefined) await projectState.linkAlias(request.model, namedModel, id);
      await projectState.updateCounted(request.model, (state, now, model) => {
        const limits = request.resolveLimits(model);
        // What was refused was not served: it takes nothing of the minute, and nothing of the day.
        const bookedAt = removeReservation(state, id)?.bookedAt ?? 0;
        applyRejection(state, now, rejection, { limits, windowMs, bookedAt });
        postponePending(state, now, windowLimitsFor(state, limits));
      });
    },
  };
}

function computeWindowLimits(
  state: ModelState,
  limits: Limits,
  { windowMs = 60_000, budget }: RateLimiterOptions,
): WindowLimits {
  return {
    limits: computeEffectiveLimits(limits, state.learned, budget),
    windowMs,
    guardMs: computeGuardMs(windowMs, state.guardFactor),
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
  // What need not wait is never too late, however long the book itself was waited for: `--max-wait 0` is to be met.
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
  if (stored && stored.at > now && state.closedUntil === undefined) return { ...reservation, at: stored.at };
  if (stored && state.closedUntil === undefined && canSendLate(state, stored, now, windowLimits)) {
    stored.confirmed = true;
    if (now > stored.at) moveToNow(state, stored, now, windowLimits);
    return 'go';
  }
  // It was missed (a laptop that slept), or its day closed and there is no room for it any more.
  removeReservation(state, reservation.id);
  return reserveIn(state, now, reservation, windowLimits);
}

/**
 * Whether an appointment may be kept now, after its time. Within a window of it, it may: whoever has an appointment in
 * between counted it, and those still to come are moved. Beyond that others had no reason to reckon with it.
 */
function canSendLate(state: ModelState, { at }: StoredReservation, now: number, { windowMs }: WindowLimits): boolean {
  return now - at < windowMs && findOrCreateDay(state, at) === findOrCreateDay(state, now);
}

/** What leaves late arrives late: those who come a window after it wait as much longer, and the guard stays whole. */
function moveToNow(state: ModelState, reservation: StoredReservation, now: number, windowLimits: WindowLimits): void {
  reservation.at = now;
  state.appointments.sort((left, right) => left.at - right.at);
  postponePending(state, now, windowLimits);
}
