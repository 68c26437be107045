import type { Limits } from '../limits.js';
import { correctTokenEstimate, findOrCreateDay, type ModelState, type StoredReservation } from './model-state.js';

/** How requests are spread over time. */
export interface WindowLimits {
  limits: Limits;
  /** The length of the service's "minute". */
  windowMs: number;
  /** How much longer than a window we count: the jitter between sending and arriving. */
  guardMs: number;
}

/** When a request may be sent, in milliseconds since the epoch. */
export interface SendTime {
  at: number;
  /** What makes the request wait; absent where it need not. */
  reason?: 'rpm' | 'tpm';
  /** True where the limit that makes it wait is a built-in guess. */
  guessed: boolean;
}

/** The first moment at which a request may be sent, or that its day is full. */
export type ScheduleResult = ({ ok: true } & SendTime) | { ok: false; until: number };

/**
 * The guard for a window: 2% of it, at least 120 and at most 500 ms; wider after refusals. It is to be wider than the
 * jitter between leaving and arriving: up to 100 ms where processes start on a busy machine (measured 2026-11, 16
 * processes on 2 cores). In whole milliseconds, as all times of a page are.
 */
export function computeGuardMs(windowMs: number, factor: number): number {
  return Math.ceil(Math.min(500, Math.max(120, windowMs * 0.02)) * factor);
}

/**
 * Finds the first moment from `now` on, and not before any appointment already made, at which requests and tokens of
 * every sliding window that ends there stay within the limits. Appointments are kept in their order, so windows that
 * begin later are the business of later appointments. A request larger than a window's tokens goes alone in one.
 */
export function scheduleRequest(
  state: ModelState,
  tokens: number,
  now: number,
  windowLimits: WindowLimits,
): ScheduleResult {
  const { closedUntil } = state;
  if (closedUntil !== undefined && closedUntil > now) return { ok: false, until: closedUntil };
  const sendTime = findSendTime(state, tokens, now, windowLimits);
  const { rpd } = windowLimits.limits;
  if (rpd && rpd.source !== 'built-in') {
    const day = findOrCreateDay(state, sendTime.at);
    if (day.count >= rpd.value) return { ok: false, until: day.endsAt };
  }
  return { ok: true, ...sendTime };
}

function findSendTime(
  { appointments, notBefore = 0, refusedFor = 'rpm' }: ModelState,
  tokens: number,
  now: number,
  { limits, windowMs, guardMs }: WindowLimits,
): SendTime {
  const { rpm, tpm } = limits;
  const spanMs = windowMs + guardMs;
  const lastAt = appointments.at(-1)?.at ?? 0;
  const earliest = Math.max(now, lastAt, notBefore);
  const byRequests = rpm ? (appointments.at(-rpm.value)?.at ?? -spanMs) + spanMs : 0;
  const byTokens = tpm ? findBlockingTime(appointments, tpm.value - tokens) + spanMs : 0;
  const at = Math.max(earliest, byRequests, byTokens);
  if (at <= now) return { at: now, guessed: false };
  // A moment that the service named itself is no guess of ours.
  if (at === notBefore) return { at, reason: refusedFor, guessed: false };
  const reason = at === byTokens ? 'tpm' : 'rpm';
  return { at, reason, guessed: limits[reason]?.source === 'built-in' };
}

/** The time of the last appointment that must have left the window for the newer ones to fit into `room` tokens. */
function findBlockingTime(reservations: readonly StoredReservation[], room: number): number {
  let sum = 0;
  for (const { at, tokens } of reservations.toReversed()) {
    sum += tokens;
    if (sum > room) return at;
  }
  return Number.NEGATIVE_INFINITY;
}

/** Puts an appointment on the page. */
export function insertReservation(state: ModelState, reservation: StoredReservation): void {
  state.appointments.push(reservation);
  state.appointments.sort((left, right) => left.at - right.at);
  findOrCreateDay(state, reservation.at).count += 1;
}

/** Takes an appointment off the page. */
export function removeReservation(state: ModelState, id: string): StoredReservation | undefined {
  const index = state.appointments.findIndex((reservation) => reservation.id === id);
  const [removed] = index === -1 ? [] : state.appointments.splice(index, 1);
  if (removed) {
    const day = findOrCreateDay(state, removed.at);
    day.count = Math.max(0, day.count - 1);
  }
  return removed;
}

/** Plans the appointments still to come anew, in their order: what is learned moves them later, never earlier. */
export function postponePending(state: ModelState, now: number, windowLimits: WindowLimits): void {
  for (const reservation of removePending(state, now)) {
    const scheduled = scheduleRequest(state, reservation.tokens, now, windowLimits);
    // In a day that closed there is no room for it; whoever holds it learns so when confirming.
    if (scheduled.ok) insertReservation(state, { ...reservation, at: Math.max(scheduled.at, reservation.at) });
  }
}

/** The same, but into room that came free: appointments given up, tokens that were fewer than estimated. */
export function advancePending(state: ModelState, now: number, windowLimits: WindowLimits): void {
  for (const reservation of removePending(state, now)) {
    const { estimated } = reservation;
    const tokens = estimated === undefined ? reservation.tokens : correctTokenEstimate(state, estimated);
    const scheduled = scheduleRequest(state, tokens, now, windowLimits);
    if (scheduled.ok) insertReservation(state, { ...reservation, tokens, at: scheduled.at });
  }
}

/** Takes the appointments still to come off the page. */
function removePending(state: ModelState, now: number): StoredReservation[] {
  const pending = state.appointments.filter(({ confirmed, at }) => !confirmed && at > now);
  for (const { id } of pending) removeReservation(state, id);
  return pending;
}
