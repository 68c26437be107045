import { nextPacificMidnight } from '../../driver/pacific-day.js';
import type { QuotaFact, QuotaRefused } from '../../errors.js';
import { effectiveLimits, type LimitKind, type Limits } from '../limits.js';
import type { Page } from './model-state.js';

/** What the service said when it refused. */
export interface Refusal {
  facts: readonly QuotaFact[];
  /** Present where it is the day that is used up: when it ends. */
  closedUntil?: number;
  /** How long the service asks to wait. */
  retryAfterMs?: number;
  /** True where the request was sent without asking the book first: its refusal says nothing of the guard. */
  unasked?: boolean;
}

/** What a refused request teaches. Of a day that is used up, only its end is believed, not its delay. */
export function lessonOf({ code, facts, retryAfterMs, retryAt }: QuotaRefused, now: number): Refusal {
  const closedUntil = code === 'quota_exhausted' ? (retryAt ?? nextPacificMidnight(now)).getTime() : undefined;
  return {
    facts,
    ...(closedUntil !== undefined && { closedUntil }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  };
}

const widestGuard = 8;

/** Writes down what a refusal says of the limits, and of the moment before which no request will be taken. */
export function learnRefusal(
  page: Page,
  now: number,
  { facts, closedUntil, retryAfterMs, unasked }: Refusal,
  { limits, windowMs, bookedAt }: { limits: Limits; windowMs: number; bookedAt: number },
): void {
  const before = effectiveLimits(limits, page.learned);
  for (const fact of facts) {
    const kind = kindOf(fact);
    if (kind && fact.limit !== undefined && fact.limit >= 1) page.learned[kind] = { value: fact.limit, learnedAt: now };
  }
  if (closedUntil !== undefined) {
    page.closedUntil = Math.max(page.closedUntil ?? 0, Math.ceil(closedUntil));
    return;
  }
  const after = effectiveLimits(limits, page.learned);
  const isNews = (['rpm', 'tpm'] as const).some((kind) => after[kind]?.value !== before[kind]?.value);
  // We kept to the limits as the service names them and were refused all the same: what lacks is room for jitter. But
  // what was booked before the last refusal knew nothing of it, and a burst that is refused says one thing, not ten.
  const knewBetter = bookedAt > (page.refusedAt ?? 0) && now - (page.guardChangedAt ?? 0) > windowMs;
  if (!isNews && !unasked && knewBetter && facts.length > 0) {
    page.guardFactor = Math.min(widestGuard, page.guardFactor * 2);
    page.guardChangedAt = now;
  }
  page.refusedAt = now;
  page.refusals += 1;
  const pauseMs = retryAfterMs ?? Math.min(windowMs, 1000 * 2 ** Math.min(page.refusals, 10));
  const notBefore = Math.ceil(now + pauseMs);
  if (notBefore < (page.notBefore ?? 0)) return;
  page.notBefore = notBefore;
  page.refusedFor = facts.some(({ per, unit }) => per === 'minute' && unit === 'tokens') ? 'tpm' : 'rpm';
}

function kindOf({ per, unit }: QuotaFact): LimitKind | undefined {
  if (per === 'minute') return unit === 'tokens' ? 'tpm' : 'rpm';
  return per === 'day' && unit === 'requests' ? 'rpd' : undefined;
}

/** Replaces an appointment's estimate by the truth, and corrects the estimates to come by it. */
export function learnTokens(page: Page, id: string, tokens: { estimated: number; counted: number }): void {
  const { estimated, counted } = tokens;
  page.refusals = 0;
  const appointment = page.appointments.find((candidate) => candidate.id === id);
  if (appointment && counted > 0) appointment.tokens = counted;
  // A few words say little about the ratio, and no count says nothing.
  if (estimated < 20 || counted === 0) return;
  const seen = Math.min(10, Math.max(0.1, counted / estimated));
  // A third of the way: one odd prompt must not turn the estimates over.
  const ratio = page.tokenRatio === undefined ? seen : page.tokenRatio + (seen - page.tokenRatio) / 3;
  // With no more digits than Redis keeps of a number.
  page.tokenRatio = Math.round(ratio * 1e6) / 1e6;
}
