import { correctTokenEstimate, createModelState, type ModelState } from './limiter/model-state.js';
import { computeWindowLimits, insertReservation, scheduleRequest, type WindowLimits } from './limiter/schedule.js';
import { copyProjectStates, type QuotaStatusOptions } from './status.js';

/** A planned request. */
export interface ForecastRequest {
  model: string;
  /** Estimated prompt tokens. */
  tokens: number;
}

/** How the limits would delay planned requests. Times are in milliseconds; points in time count from the epoch. */
export interface QuotaForecast {
  /** Total wait for quota, up to the first request that `blockedModel` does not accept. */
  waitMs: number;
  /**
   * Set if `model` accepts no more requests after the first `afterRequests` of the planned requests: its daily quota is
   * used up, or the API asked for a delay of more than ten minutes. The model accepts requests again at `until`.
   */
  blockedModel?: { model: string; afterRequests: number; until: number };
}

/** Expired reservations are removed in groups of this size, because each removal at the start moves all later ones. */
const expiredGroupSize = 500;

/**
 * Removes the oldest group of reservations if it has left the window at `at`. Keeping it would slow a long forecast.
 */
function removeExpired({ reservations }: ModelState, at: number, { windowMs, marginMs }: WindowLimits): void {
  const newestOfGroup = reservations[expiredGroupSize - 1];
  if (newestOfGroup && newestOfGroup.at + windowMs + marginMs <= at) reservations.splice(0, expiredGroupSize);
}

/**
 * Schedules requests one after another in a copy of the model states, without reserving anything. The duration of
 * replies is unknown and counts as 0: each request is scheduled from the time at which the previous one is sent.
 */
export function forecastQuota(
  requests: readonly ForecastRequest[],
  options: Omit<QuotaStatusOptions, 'models'>,
): QuotaForecast {
  const { now, limitsFor } = options;
  const modelStates = copyProjectStates(options);
  let at = now;
  for (const [index, { model: requested, tokens }] of requests.entries()) {
    const model = modelStates.get(requested)?.servedBy ?? requested;
    const state = modelStates.get(model) ?? createModelState();
    modelStates.set(model, state);
    const correctedTokens = correctTokenEstimate(state, tokens);
    const window = computeWindowLimits(state, limitsFor(model, requested), options);
    const scheduled = scheduleRequest(state, correctedTokens, at, window);
    if (!scheduled.ok) {
      return { waitMs: at - now, blockedModel: { model, afterRequests: index, until: scheduled.until } };
    }
    at = scheduled.at;
    removeExpired(state, at, window);
    insertReservation(state, { id: `forecast ${index}`, at, tokens: correctedTokens, bookedAt: now, confirmed: true });
  }
  return { waitMs: at - now };
}
