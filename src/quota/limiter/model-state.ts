import { getNextPacificMidnight } from '../../driver/pacific-day.js';
import type { LearnedLimits } from '../limits.js';

/**
 * All that is known of one model's quota in one project: what a keeper keeps, as plain JSON. Times are milliseconds
 * since the epoch.
 */
export interface ModelState {
  /** The requests of the last minutes and those to come, by their time. */
  appointments: StoredReservation[];
  /** How many requests fall into each Pacific day: the current one and those to come. */
  days: { endsAt: number; count: number }[];
  /** What the service said of its limits. */
  learned: LearnedLimits;
  /** The day is used up until then: the service said so. */
  closedUntil?: number;
  /** The service refused by the minute: no request before then. */
  notBefore?: number;
  /** What it refused then; requests, where it did not say. */
  refusedFor?: 'rpm' | 'tpm';
  /** Per-minute refusals since the last reply. */
  refusals: number;
  /** The guard is so many times as wide as it began. */
  guardFactor: number;
  /** When the guard was last widened, or narrowed again. */
  guardChangedAt?: number;
  /** When the service last refused by the minute. */
  refusedAt?: number;
  /** Real prompt tokens for each estimated one. */
  tokenRatio?: number;
  /** Who is at it right now, for limits of concurrency. */
  leases: { id: string; expiresAt: number }[];
  /** The model that an alias was seen to stand for; the page is then empty else. */
  standsFor?: string;
  /** On a page that machines share: another one where it was lost and begun anew. */
  edition?: string;
}

export interface StoredReservation {
  id: string;
  at: number;
  /** Prompt tokens: estimated, once there is a reply counted. */
  tokens: number;
  /** The caller's own estimate, before it was corrected. */
  estimated?: number;
  bookedAt: number;
  /** The request was sent. What is not confirmed may still be moved. */
  confirmed: boolean;
}

/** What an estimate comes to, corrected by what was seen. */
export function correctTokenEstimate({ tokenRatio = 1 }: ModelState, estimated: number): number {
  return Math.ceil(estimated * tokenRatio);
}

export function createModelState(): ModelState {
  return { appointments: [], days: [], learned: {}, refusals: 0, guardFactor: 1, leases: [] };
}

/**
 * The page in a text that a keeper kept. What another version of the program wrote may lack fields of ours; Redis writes an
 * empty array as `{}`; what is no JSON is taken for nothing.
 */
export function parseModelState(json: string | undefined): ModelState {
  try {
    const state: ModelState = { ...createModelState(), ...JSON.parse(json ?? '{}') };
    for (const key of ['appointments', 'days', 'leases'] as const) if (!isArrayOfObjects(state[key])) state[key] = [];
    return state;
  } catch {
    return createModelState();
  }
}

function isArrayOfObjects(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === 'object' && item !== null);
}

/** Clocks of one machine agree to the millisecond; a booking further ahead was made before the clock was set back. */
const clockToleranceMs = 1000;

/** The longest that a refusal by the minute is believed to have asked for; longer, where the "minute" itself is. */
const maxPauseMs = 10 * 60_000;

/**
 * Brings a page up to the present: forgets what no longer counts, and where the clock was set back takes what was
 * booked, and refused, in the meantime for done now, so that nobody waits until the old time comes round again.
 */
export function refreshState(state: ModelState, now: number, windowMs: number): void {
  undoClockSetBack(state, now);
  const cutoff = now - 1.5 * windowMs;
  for (const { at, confirmed } of state.appointments) {
    // Whoever booked it died before it was sent, so its day has one more to give.
    if (at <= cutoff && !confirmed) findOrCreateDay(state, at).count -= 1;
  }
  state.appointments = state.appointments.filter(({ at }) => at > cutoff);
  state.days = state.days.filter(({ endsAt }) => endsAt > now && endsAt < now + 8 * 86_400_000);
  state.leases = state.leases.filter(({ expiresAt }) => expiresAt > now);
  narrowGuard(state, now, windowMs);
  const maxNotBefore = now + Math.max(maxPauseMs, 2 * windowMs);
  if (state.notBefore !== undefined) state.notBefore = Math.min(state.notBefore, maxNotBefore);
  // Further ahead than a day is long: it was set before the clock was set back.
  if ((state.closedUntil ?? 0) > now + 25 * 3_600_000) state.closedUntil = findOrCreateDay(state, now).endsAt;
  for (const key of ['notBefore', 'closedUntil'] as const) if ((state[key] ?? now) <= now) delete state[key];
}

/** Moves what happened later than now, by the clock of its time, back to now. */
function undoClockSetBack(state: ModelState, now: number): void {
  const { appointments, refusedAt = 0, notBefore } = state;
  const aheadMs = Math.max(refusedAt - now, ...appointments.map(({ bookedAt }) => bookedAt - now));
  if (aheadMs <= clockToleranceMs) return;
  for (const reservation of appointments) {
    reservation.at -= aheadMs;
    reservation.bookedAt -= aheadMs;
  }
  if (notBefore !== undefined) state.notBefore = notBefore - aheadMs;
  if (refusedAt > now) state.refusedAt = now;
}

/** A refusal may have been somebody else's doing: after ten quiet windows the guard is halved, and so on. */
function narrowGuard(state: ModelState, now: number, windowMs: number): void {
  if (state.guardFactor === 1 || now - (state.guardChangedAt ?? 0) < 10 * windowMs) return;
  state.guardFactor = Math.max(1, state.guardFactor / 2);
  state.guardChangedAt = now;
}

/** The Pacific day of a moment: its entry on the page, made if there is none. */
export function findOrCreateDay(state: ModelState, at: number): { endsAt: number; count: number } {
  // Days have 23 to 25 hours: within 23 of its end a moment is of that day, and no calendar need be asked.
  const knownDay = state.days.find(({ endsAt }) => at < endsAt && at >= endsAt - 23 * 3_600_000);
  if (knownDay) return knownDay;
  const endsAt = getNextPacificMidnight(at).getTime();
  const entry = state.days.find((day) => day.endsAt === endsAt) ?? { endsAt, count: 0 };
  if (!state.days.includes(entry)) state.days.push(entry);
  return entry;
}
