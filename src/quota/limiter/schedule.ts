import { computeEffectiveLimits, type Limits, type QuotaBudget } from '../limits.js';
import {
  type BlockingLimit,
  correctTokenEstimate,
  countRequests,
  findOrCreateDay,
  type ModelState,
  type StoredReservation,
} from './model-state.js';

/** The limits used for scheduling, and the window to which the per-minute limits apply. */
export interface WindowLimits {
  limits: Limits;
  /** The length of the window, in milliseconds. */
  windowMs: number;
  /** Safety margin in milliseconds, added to each window, because requests take varying times to arrive. */
  marginMs: number;
}

/** When a request may be sent, in milliseconds since the epoch. */
export interface SendTime {
  at: number;
  /** The limit that makes the request wait. Absent if the request does not have to wait. */
  reason?: BlockingLimit;
  /** True if that limit is a built-in guess. */
  isLimitGuessed: boolean;
  /** The value of that limit, if it is a guess. */
  limit?: number;
}

/**
 * The first possible send time. With `ok: false`, no request can be sent before `until`: the end of the day, or the end
 * of a delay of more than ten minutes that the API asked for.
 */
export type ScheduleResult = ({ ok: true } & SendTime) | { ok: false; until: number };

/** Computes the limits and the window used to schedule requests to a model. `windowMs` defaults to 60 000. */
export function computeWindowLimits(
  state: ModelState,
  configured: Limits,
  { windowMs = 60_000, limitMultipliers }: { windowMs?: number; limitMultipliers?: QuotaBudget },
): WindowLimits {
  const limits = computeEffectiveLimits(configured, state, limitMultipliers);
  return { limits, windowMs, marginMs: computeMarginMs(windowMs, state.marginFactor) };
}

/**
 * Computes the safety margin of a window: 2% of the window, between 120 and 500 ms, times `marginFactor`, which grows
 * with rejections. The margin must exceed the jitter between sending and arriving, which is up to 100 ms while
 * processes start on a busy machine (measured 2026-11, 16 processes on 2 cores). The result is in whole milliseconds,
 * like all stored times.
 */
export function computeMarginMs(windowMs: number, marginFactor: number): number {
  return Math.ceil(Math.min(500, Math.max(120, windowMs * 0.02)) * marginFactor);
}

/**
 * Finds the first time at which a request can be sent. The time is neither before `now` nor before the time of any
 * existing reservation, and the requests and tokens in the sliding window that ends at that time are within the limits.
 * Later windows need no check: there is no later reservation. A request that exceeds the token limit by itself gets a
 * window of its own. The result has `ok: false` before `blockedUntil`, and if the count of the day has reached the
 * daily limit. A built-in daily limit is not enforced, because it is a guess.
 */
export function scheduleRequest(state: ModelState, tokens: number, now: number, window: WindowLimits): ScheduleResult {
  const { blockedUntil } = state;
  if (blockedUntil !== undefined && blockedUntil > now) return { ok: false, until: blockedUntil };
  const sendTime = findSendTime(state, tokens, now, window);
  const { rpd } = window.limits;
  if (rpd && rpd.source !== 'built-in') {
    const day = findOrCreateDay(state, sendTime.at);
    if (day.count >= rpd.value) return { ok: false, until: day.endsAt };
  }
  return { ok: true, ...sendTime };
}

/** Whether a prompt has more tokens than the service allows per minute, so that it can never be accepted. */
export function exceedsLearnedLimit({ learned }: ModelState, tokens: number): boolean {
  return learned.tpm !== undefined && tokens > learned.tpm.value;
}

function findSendTime(
  { reservations, pausedUntil = 0, pauseReason = 'rpm' }: ModelState,
  tokens: number,
  now: number,
  { limits, windowMs, marginMs }: WindowLimits,
): SendTime {
  const { rpm, tpm } = limits;
  const spanMs = windowMs + marginMs;
  const lastAt = reservations.at(-1)?.at ?? 0;
  const byRequests = rpm ? findTimeWithRoom(reservations, rpm.value - 1, spanMs, countRequests) : 0;
  const byTokens = tpm ? findTimeWithRoom(reservations, tpm.value - tokens, spanMs, countTokens) : 0;
  const at = Math.max(now, lastAt, pausedUntil, byRequests, byTokens);
  if (at <= now) return { at: now, isLimitGuessed: false };
  // This time comes from a rejection, so no built-in limit is involved.
  if (at === pausedUntil) return { at, reason: pauseReason, isLimitGuessed: false };
  const reason = at === byTokens ? 'tpm' : 'rpm';
  const limit = limits[reason];
  return limit?.source === 'built-in'
    ? { at, reason, isLimitGuessed: true, limit: limit.value }
    : { at, reason, isLimitGuessed: false };
}

/**
 * Returns the time from which the window leaves room for the next request, or 0 if there is room at any time.
 * @param room how many requests or tokens may be in the window besides the next request
 * @param spanMs how long a reservation stays in the window
 */
function findTimeWithRoom(
  reservations: readonly StoredReservation[],
  room: number,
  spanMs: number,
  measure: (reservation: StoredReservation) => number,
): number {
  let sum = 0;
  for (let index = reservations.length - 1; index >= 0; index -= 1) {
    const reservation = reservations[index] as StoredReservation;
    sum += measure(reservation);
    // There is room when this reservation has left the window: only newer reservations remain.
    if (sum > room) return reservation.at + spanMs;
  }
  return 0;
}

const countTokens = ({ tokens }: StoredReservation) => tokens;

/** Inserts a reservation in order of time, and adds it to the count of its day. */
export function insertReservation(state: ModelState, reservation: StoredReservation): void {
  const lastAt = state.reservations.at(-1)?.at ?? reservation.at;
  state.reservations.push(reservation);
  // Most reservations are later than all others, so the list rarely needs sorting.
  if (lastAt > reservation.at) state.reservations.sort((left, right) => left.at - right.at);
  findOrCreateDay(state, reservation.at).count += countRequests(reservation);
}

/** Removes a reservation, if it exists, and subtracts it from the count of its day. */
export function removeReservation(state: ModelState, id: string): StoredReservation | undefined {
  const index = state.reservations.findIndex((reservation) => reservation.id === id);
  const [removed] = index === -1 ? [] : state.reservations.splice(index, 1);
  if (removed) {
    const day = findOrCreateDay(state, removed.at);
    day.count = Math.max(0, day.count - countRequests(removed));
  }
  return removed;
}

/**
 * Reschedules pending reservations, in the same order, after a rejection or after a request that was sent late. No
 * reservation moves to an earlier time.
 */
export function postponePending(state: ModelState, now: number, window: WindowLimits): void {
  for (const reservation of removePending(state, now)) {
    const scheduled = scheduleRequest(state, reservation.tokens, now, window);
    // If the daily quota is used up, the reservation is dropped. Its owner finds out when it confirms the reservation.
    if (scheduled.ok) insertReservation(state, { ...reservation, at: Math.max(scheduled.at, reservation.at) });
  }
}

/** Moves all pending reservations to later times, by the same amount, so that the first is not before `pausedUntil`. */
export function shiftPending(state: ModelState, now: number, pausedUntil: number): void {
  const pending = removePending(state, now);
  const delayMs = Math.max(0, pausedUntil - (pending[0]?.at ?? pausedUntil));
  for (const reservation of pending) insertReservation(state, { ...reservation, at: reservation.at + delayMs });
}

/**
 * Reschedules pending reservations, in the same order, into room freed by cancellations and lower token counts. Their
 * token estimates are corrected again. If the daily quota is used up, the reservations are dropped.
 */
export function advancePending(state: ModelState, now: number, window: WindowLimits): void {
  for (const reservation of removePending(state, now)) {
    const { estimated } = reservation;
    const tokens = estimated === undefined ? reservation.tokens : correctTokenEstimate(state, estimated);
    const scheduled = scheduleRequest(state, tokens, now, window);
    if (scheduled.ok) insertReservation(state, { ...reservation, tokens, at: scheduled.at });
  }
}

/** Removes and returns the unconfirmed reservations whose time is in the future. */
function removePending(state: ModelState, now: number): StoredReservation[] {
  const pending = state.reservations.filter(({ confirmed, at }) => !confirmed && at > now);
  for (const { id } of pending) removeReservation(state, id);
  return pending;
}
