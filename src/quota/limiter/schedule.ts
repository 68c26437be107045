import type { Limits } from '../limits.js';
import { type Appointment, correctedTokens, dayOf, type Page } from './model-state.js';

/** How requests are spread over time. */
export interface Spacing {
  limits: Limits;
  /** The length of the service's "minute". */
  windowMs: number;
  /** How much longer than a window we count: the jitter between sending and arriving. */
  guardMs: number;
}

/** When a request may be sent, in milliseconds since the epoch. */
export interface Moment {
  at: number;
  /** What makes the request wait; absent where it need not. */
  reason?: 'rpm' | 'tpm';
  /** True where the limit that makes it wait is a built-in guess. */
  guessed: boolean;
}

/** The first moment at which a request may be sent, or that its day is full. */
export type Plan = ({ open: true } & Moment) | { open: false; until: number };

/**
 * The guard for a window: 2% of it, at least 120 and at most 500 ms; wider after refusals. It is to be wider than the
 * jitter between leaving and arriving: up to 100 ms where processes start on a busy machine (measured 2026-11, 16
 * processes on 2 cores). In whole milliseconds, as all times of a page are.
 */
export function guardFor(windowMs: number, factor: number): number {
  return Math.ceil(Math.min(500, Math.max(120, windowMs * 0.02)) * factor);
}

/**
 * Finds the first moment from `now` on, and not before any appointment already made, at which requests and tokens of
 * every sliding window that ends there stay within the limits. Appointments are kept in their order, so windows that
 * begin later are the business of later appointments. A request larger than a window's tokens goes alone in one.
 */
export function plan(page: Page, tokens: number, now: number, spacing: Spacing): Plan {
  const { closedUntil } = page;
  if (closedUntil !== undefined && closedUntil > now) return { open: false, until: closedUntil };
  const first = firstMoment(page, tokens, now, spacing);
  const { rpd } = spacing.limits;
  if (rpd && rpd.source !== 'built-in') {
    const day = dayOf(page, first.at);
    if (day.count >= rpd.value) return { open: false, until: day.endsAt };
  }
  return { open: true, ...first };
}

function firstMoment(
  { appointments, notBefore = 0, refusedFor = 'rpm' }: Page,
  tokens: number,
  now: number,
  { limits, windowMs, guardMs }: Spacing,
): Moment {
  const { rpm, tpm } = limits;
  const spanMs = windowMs + guardMs;
  const last = appointments.at(-1)?.at ?? 0;
  const earliest = Math.max(now, last, notBefore);
  const byRequests = rpm ? (appointments.at(-rpm.value)?.at ?? -spanMs) + spanMs : 0;
  const byTokens = tpm ? lastInTheWay(appointments, tpm.value - tokens) + spanMs : 0;
  const at = Math.max(earliest, byRequests, byTokens);
  if (at <= now) return { at: now, guessed: false };
  // A moment that the service named itself is no guess of ours.
  if (at === notBefore) return { at, reason: refusedFor, guessed: false };
  const reason = at === byTokens ? 'tpm' : 'rpm';
  return { at, reason, guessed: limits[reason]?.source === 'built-in' };
}

/** The time of the last appointment that must have left the window for the newer ones to fit into `room` tokens. */
function lastInTheWay(appointments: readonly Appointment[], room: number): number {
  let sum = 0;
  for (const { at, tokens } of appointments.toReversed()) {
    sum += tokens;
    if (sum > room) return at;
  }
  return Number.NEGATIVE_INFINITY;
}

/** Puts an appointment on the page. */
export function enter(page: Page, appointment: Appointment): void {
  page.appointments.push(appointment);
  page.appointments.sort((left, right) => left.at - right.at);
  dayOf(page, appointment.at).count += 1;
}

/** Takes an appointment off the page. */
export function strike(page: Page, id: string): Appointment | undefined {
  const index = page.appointments.findIndex((appointment) => appointment.id === id);
  const [struck] = index === -1 ? [] : page.appointments.splice(index, 1);
  if (struck) {
    const day = dayOf(page, struck.at);
    day.count = Math.max(0, day.count - 1);
  }
  return struck;
}

/** Plans the appointments still to come anew, in their order: what is learned moves them later, never earlier. */
export function replan(page: Page, now: number, spacing: Spacing): void {
  for (const appointment of takeWaiting(page, now)) {
    const planned = plan(page, appointment.tokens, now, spacing);
    // In a day that closed there is no room for it; whoever holds it learns so when confirming.
    if (planned.open) enter(page, { ...appointment, at: Math.max(planned.at, appointment.at) });
  }
}

/** The same, but into room that came free: appointments given up, tokens that were fewer than estimated. */
export function moveUp(page: Page, now: number, spacing: Spacing): void {
  for (const appointment of takeWaiting(page, now)) {
    const { estimated } = appointment;
    const tokens = estimated === undefined ? appointment.tokens : correctedTokens(page, estimated);
    const planned = plan(page, tokens, now, spacing);
    if (planned.open) enter(page, { ...appointment, tokens, at: planned.at });
  }
}

/** Takes the appointments still to come off the page. */
function takeWaiting(page: Page, now: number): Appointment[] {
  const waiting = page.appointments.filter(({ confirmed, at }) => !confirmed && at > now);
  for (const { id } of waiting) strike(page, id);
  return waiting;
}
