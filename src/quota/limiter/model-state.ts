import { nextPacificMidnight } from '../../driver/pacific-day.js';
import type { LearnedLimits } from '../limits.js';

/**
 * All that is known of one model's quota in one project: what a keeper keeps, as plain JSON. Times are milliseconds
 * since the epoch.
 */
export interface Page {
  /** The requests of the last minutes and those to come, by their time. */
  appointments: Appointment[];
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

export interface Appointment {
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
export function correctedTokens({ tokenRatio = 1 }: Page, estimated: number): number {
  return Math.ceil(estimated * tokenRatio);
}

export function emptyPage(): Page {
  return { appointments: [], days: [], learned: {}, refusals: 0, guardFactor: 1, leases: [] };
}

/**
 * The page in a text that a keeper kept. What another version of the program wrote may lack fields of ours; Redis writes an
 * empty array as `{}`; what is no JSON is taken for nothing.
 */
export function pageOf(json: string | undefined): Page {
  try {
    const page: Page = { ...emptyPage(), ...JSON.parse(json ?? '{}') };
    for (const list of ['appointments', 'days', 'leases'] as const) if (!isListOfRecords(page[list])) page[list] = [];
    return page;
  } catch {
    return emptyPage();
  }
}

function isListOfRecords(value: unknown): boolean {
  return Array.isArray(value) && value.every((each) => typeof each === 'object' && each !== null);
}

/** Clocks of one machine agree to the millisecond; a booking further ahead was made before the clock was set back. */
const clockToleranceMs = 1000;

/** The longest that a refusal by the minute is believed to have asked for; longer, where the "minute" itself is. */
const longestPauseMs = 10 * 60_000;

/**
 * Brings a page up to the present: forgets what no longer counts, and where the clock was set back takes what was
 * booked, and refused, in the meantime for done now, so that nobody waits until the old time comes round again.
 */
export function refresh(page: Page, now: number, windowMs: number): void {
  turnBack(page, now);
  const horizon = now - 1.5 * windowMs;
  for (const { at, confirmed } of page.appointments) {
    // Whoever booked it died before it was sent, so its day has one more to give.
    if (at <= horizon && !confirmed) dayOf(page, at).count -= 1;
  }
  page.appointments = page.appointments.filter(({ at }) => at > horizon);
  page.days = page.days.filter(({ endsAt }) => endsAt > now && endsAt < now + 8 * 86_400_000);
  page.leases = page.leases.filter(({ expiresAt }) => expiresAt > now);
  narrowGuard(page, now, windowMs);
  const latest = now + Math.max(longestPauseMs, 2 * windowMs);
  if (page.notBefore !== undefined) page.notBefore = Math.min(page.notBefore, latest);
  // Further ahead than a day is long: it was set before the clock was set back.
  if ((page.closedUntil ?? 0) > now + 25 * 3_600_000) page.closedUntil = dayOf(page, now).endsAt;
  for (const name of ['notBefore', 'closedUntil'] as const) if ((page[name] ?? now) <= now) delete page[name];
}

/** Moves what happened later than now, by the clock of its time, back to now. */
function turnBack(page: Page, now: number): void {
  const { appointments, refusedAt = 0, notBefore } = page;
  const ahead = Math.max(refusedAt - now, ...appointments.map(({ bookedAt }) => bookedAt - now));
  if (ahead <= clockToleranceMs) return;
  for (const appointment of appointments) {
    appointment.at -= ahead;
    appointment.bookedAt -= ahead;
  }
  if (notBefore !== undefined) page.notBefore = notBefore - ahead;
  if (refusedAt > now) page.refusedAt = now;
}

/** A refusal may have been somebody else's doing: after ten quiet windows the guard is halved, and so on. */
function narrowGuard(page: Page, now: number, windowMs: number): void {
  if (page.guardFactor === 1 || now - (page.guardChangedAt ?? 0) < 10 * windowMs) return;
  page.guardFactor = Math.max(1, page.guardFactor / 2);
  page.guardChangedAt = now;
}

/** The Pacific day of a moment: its entry on the page, made if there is none. */
export function dayOf(page: Page, at: number): { endsAt: number; count: number } {
  // Days have 23 to 25 hours: within 23 of its end a moment is of that day, and no calendar need be asked.
  const known = page.days.find(({ endsAt }) => at < endsAt && at >= endsAt - 23 * 3_600_000);
  if (known) return known;
  const endsAt = nextPacificMidnight(at).getTime();
  const entry = page.days.find((day) => day.endsAt === endsAt) ?? { endsAt, count: 0 };
  if (!page.days.includes(entry)) page.days.push(entry);
  return entry;
}
