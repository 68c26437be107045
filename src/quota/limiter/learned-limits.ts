import { getNextPacificMidnight } from '../../driver/pacific-day.js';
import type { QuotaExceeded, QuotaViolation } from '../../errors.js';
import { freeTierRpm, type LimitKind } from '../../facts/limits.js';
import { computeEffectiveLimits, type Limits } from '../limits.js';
import { countRequests, type ModelState } from './model-state.js';

/** What the limiter learns from a request that the API rejected for quota. */
export interface QuotaRejection {
  violations: readonly QuotaViolation[];
  /**
   * When the API accepts requests again, in milliseconds since the epoch. Set if the daily quota is used up, or if the
   * API asks for a delay of more than ten minutes.
   */
  blockedUntil?: number;
  /** How long the API asks to wait. */
  retryAfterMs?: number;
  /** True if the limit applies to the project as a whole, so that all its models pause. */
  pausesProject?: boolean;
  /**
   * True if the request was sent without regard to the limits. Its rejection does not widen the safety margin
   * of each window (`computeMarginMs`).
   */
  wasSentRegardlessOfLimits?: boolean;
}

/**
 * Converts an error to what the limiter learns from it. `quota_exhausted` sets `blockedUntil` instead of
 * `retryAfterMs`: to the error's `retryAt`, or to the end of the day if the error has no `retryAt` and a daily quota is
 * used up. Any other `quota_exhausted` means that the project lacks credits or a free tier. The result is then
 * undefined: nothing is learned, and the next request is sent, because the user may have paid in the meantime.
 */
export function toQuotaRejection(error: QuotaExceeded, now: number): QuotaRejection | undefined {
  const { code, violations, retryAfterMs, retryAt, isProjectWide } = error;
  if (code === 'quota_exhausted') {
    // A limit of 0 means that the model has no free tier.
    const isDailyQuotaUsedUp =
      violations.some(({ per }) => per === 'day') && violations.every(({ limit }) => limit !== 0);
    const blockedUntil = retryAt ?? (isDailyQuotaUsedUp ? getNextPacificMidnight(now) : undefined);
    return blockedUntil && { violations, blockedUntil: blockedUntil.getTime() };
  }
  return {
    violations,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(isProjectWide && { pausesProject: true }),
  };
}

/** The largest multiplier of the safety margin of a window. */
const maxMarginFactor = 8;

/**
 * Records the limits that a rejection states, and the time before which no request will be accepted. Widens the safety
 * margin if the rejected request was within the known limits.
 */
export function applyRejection(
  state: ModelState,
  now: number,
  { violations, blockedUntil, retryAfterMs, wasSentRegardlessOfLimits }: QuotaRejection,
  { limits, windowMs, bookedAt }: { limits: Limits; windowMs: number; bookedAt: number },
): void {
  const limitsBefore = computeEffectiveLimits(limits, state);
  for (const violation of violations) {
    const kind = toLimitKind(violation);
    if (kind && violation.limit !== undefined && violation.limit >= 1)
      state.learned[kind] = { value: violation.limit, learnedAt: now };
  }
  if (blockedUntil !== undefined) {
    state.blockedUntil = Math.max(state.blockedUntil ?? 0, Math.ceil(blockedUntil));
    return;
  }
  const limitsAfter = computeEffectiveLimits(limits, state);
  const hasNewLimit = (['rpm', 'tpm'] as const).some((kind) => limitsAfter[kind]?.value !== limitsBefore[kind]?.value);
  // A rejection within the known limits means that the safety margin is too small for the jitter. To count a burst of
  // rejections once, a rejection counts only if its reservation was made after the previous rejection, and if the
  // safety margin last changed more than one window ago.
  const isIndependentRejection = bookedAt > (state.rejectedAt ?? 0) && now - (state.marginChangedAt ?? 0) > windowMs;
  if (!hasNewLimit && !wasSentRegardlessOfLimits && isIndependentRejection && violations.length > 0) {
    state.marginFactor = Math.min(maxMarginFactor, state.marginFactor * 2);
    state.marginChangedAt = now;
  }
  state.rejectedAt = now;
  state.rejectionCount += 1;
  const pauseMs = retryAfterMs ?? Math.min(windowMs, 1000 * 2 ** Math.min(state.rejectionCount, 10));
  const pausedUntil = Math.ceil(now + pauseMs);
  if (pausedUntil < (state.pausedUntil ?? 0)) return;
  state.pausedUntil = pausedUntil;
  state.pauseReason = violations.some(({ per, unit }) => per === 'minute' && unit === 'tokens') ? 'tpm' : 'rpm';
}

function toLimitKind({ per, unit }: QuotaViolation): LimitKind | undefined {
  if (per === 'minute') return unit === 'tokens' ? 'tpm' : 'rpm';
  return per === 'day' && unit === 'requests' ? 'rpd' : undefined;
}

/** The largest factor by which an estimate is corrected. */
export const maxTokenRatio = 10;

/**
 * Replaces a reservation's estimate with the actual token count, and adjusts the ratio that corrects later estimates.
 * Also ends the series of rejections, because the reply has arrived.
 */
export function applyTokenCount(state: ModelState, id: string, tokens: { estimated: number; actual: number }): void {
  const { estimated, actual } = tokens;
  state.rejectionCount = 0;
  const reservation = state.reservations.find((candidate) => candidate.id === id);
  if (reservation && actual > 0) reservation.tokens = actual;
  // The ratio of a short prompt is not reliable. A count of 0 means that the API did not send a count.
  if (estimated < 20 || actual === 0) return;
  const observedRatio = Math.min(maxTokenRatio, Math.max(0.1, actual / estimated));
  // The ratio moves by a third of the difference, so that a single unusual prompt has a limited effect.
  const ratio =
    state.tokenRatio === undefined ? observedRatio : state.tokenRatio + (observedRatio - state.tokenRatio) / 3;
  // Rounded, so that cjson in Redis, which keeps only 14 digits, stores the same number.
  state.tokenRatio = Math.round(ratio * 1e6) / 1e6;
}

/**
 * Records how many requests the service has accepted in the window that ends with the reservation `id`, whose reply has
 * arrived. The highest count above `freeTierRpm` is kept and raises a guessed limit. Earlier requests of the window
 * count even if their reply is still missing: if one is rejected, the service states the limit, which replaces the
 * guess.
 */
export function recordServed(state: ModelState, id: string, windowMs: number): void {
  const { reservations, maxAcceptedPerWindow = freeTierRpm } = state;
  const index = reservations.findIndex((candidate) => candidate.id === id);
  const windowStart = (reservations[index]?.at ?? 0) - windowMs;
  const inWindow = reservations.slice(0, index + 1).filter(({ confirmed, at }) => confirmed && at > windowStart);
  // A reservation may count for several requests, because reservations whose replies have arrived are merged.
  const served = inWindow.reduce((sum, reservation) => sum + countRequests(reservation), 0);
  if (served > maxAcceptedPerWindow) state.maxAcceptedPerWindow = served;
}
