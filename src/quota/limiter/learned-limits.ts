import { getNextPacificMidnight } from '../../driver/pacific-day.js';
import type { QuotaExceeded, QuotaViolation } from '../../errors.js';
import type { LimitKind } from '../../facts/limits.js';
import { computeEffectiveLimits, type Limits } from '../limits.js';
import type { ModelState } from './model-state.js';

/** What the service said when it refused. */
export interface QuotaRejection {
  facts: readonly QuotaViolation[];
  /** Present where it is the day that is used up: when it ends. */
  closedUntil?: number;
  /** How long the service asks to wait. */
  retryAfterMs?: number;
  /** True where the request was sent without asking the book first: its refusal says nothing of the guard. */
  unreserved?: boolean;
}

/** What a refused request teaches. Of a day that is used up, only its end is believed, not its delay. */
export function toQuotaRejection(
  { code, violations: facts, retryAfterMs, retryAt }: QuotaExceeded,
  now: number,
): QuotaRejection {
  const closedUntil = code === 'quota_exhausted' ? (retryAt ?? getNextPacificMidnight(now)).getTime() : undefined;
  return {
    facts,
    ...(closedUntil !== undefined && { closedUntil }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  };
}

const maxGuardFactor = 8;

/** Writes down what a refusal says of the limits, and of the moment before which no request will be taken. */
export function applyRejection(
  state: ModelState,
  now: number,
  { facts, closedUntil, retryAfterMs, unreserved }: QuotaRejection,
  { limits, windowMs, bookedAt }: { limits: Limits; windowMs: number; bookedAt: number },
): void {
  const limitsBefore = computeEffectiveLimits(limits, state.learned);
  for (const fact of facts) {
    const kind = toLimitKind(fact);
    if (kind && fact.limit !== undefined && fact.limit >= 1)
      state.learned[kind] = { value: fact.limit, learnedAt: now };
  }
  if (closedUntil !== undefined) {
    state.closedUntil = Math.max(state.closedUntil ?? 0, Math.ceil(closedUntil));
    return;
  }
  const limitsAfter = computeEffectiveLimits(limits, state.learned);
  const hasNewLimit = (['rpm', 'tpm'] as const).some((kind) => limitsAfter[kind]?.value !== limitsBefore[kind]?.value);
  // We kept to the limits as the service names them and were refused all the same: what lacks is room for jitter. But
  // what was booked before the last refusal knew nothing of it, and a burst that is refused says one thing, not ten.
  const isIndependentRejection = bookedAt > (state.refusedAt ?? 0) && now - (state.guardChangedAt ?? 0) > windowMs;
  if (!hasNewLimit && !unreserved && isIndependentRejection && facts.length > 0) {
    state.guardFactor = Math.min(maxGuardFactor, state.guardFactor * 2);
    state.guardChangedAt = now;
  }
  state.refusedAt = now;
  state.refusals += 1;
  const pauseMs = retryAfterMs ?? Math.min(windowMs, 1000 * 2 ** Math.min(state.refusals, 10));
  const notBefore = Math.ceil(now + pauseMs);
  if (notBefore < (state.notBefore ?? 0)) return;
  state.notBefore = notBefore;
  state.refusedFor = facts.some(({ per, unit }) => per === 'minute' && unit === 'tokens') ? 'tpm' : 'rpm';
}

function toLimitKind({ per, unit }: QuotaViolation): LimitKind | undefined {
  if (per === 'minute') return unit === 'tokens' ? 'tpm' : 'rpm';
  return per === 'day' && unit === 'requests' ? 'rpd' : undefined;
}

/** Replaces an appointment's estimate by the truth, and corrects the estimates to come by it. */
export function applyTokenCount(state: ModelState, id: string, tokens: { estimated: number; actual: number }): void {
  const { estimated, actual } = tokens;
  state.refusals = 0;
  const reservation = state.appointments.find((candidate) => candidate.id === id);
  if (reservation && actual > 0) reservation.tokens = actual;
  // A few words say little about the ratio, and no count says nothing.
  if (estimated < 20 || actual === 0) return;
  const observedRatio = Math.min(10, Math.max(0.1, actual / estimated));
  // A third of the way: one odd prompt must not turn the estimates over.
  const ratio =
    state.tokenRatio === undefined ? observedRatio : state.tokenRatio + (observedRatio - state.tokenRatio) / 3;
  // With no more digits than Redis keeps of a number.
  state.tokenRatio = Math.round(ratio * 1e6) / 1e6;
}
