import { correctTokenEstimate, createModelState, type ModelState, refreshState } from './limiter/model-state.js';
import { computeWindowLimits, insertReservation, scheduleRequest } from './limiter/schedule.js';
import { listProjectStates, type QuotaStatusOptions } from './status.js';

/** A planned request. */
export interface ForecastRequest {
  model: string;
  /** Estimated prompt tokens. */
  tokens: number;
}

/** How planned requests would be limited. Times are milliseconds since the epoch. */
export interface QuotaForecast {
  /** Total wait for quota, up to the request that finds the day closed. */
  waitMs: number;
  /** Set if a day is used up before all requests are sent: after `afterRequests` of them, until `until`. */
  closed?: { model: string; afterRequests: number; until: number };
}

/**
 * Schedules requests one after another in a copy of the model states; nothing is reserved. Each starts as soon as the
 * previous one is sent, because the duration of replies is unknown.
 */
export function forecastQuota(
  requests: readonly ForecastRequest[],
  options: Omit<QuotaStatusOptions, 'models'>,
): QuotaForecast {
  const { now, windowMs = 60_000, limitsFor } = options;
  const modelStates = new Map(listProjectStates(options).map(([model, state]) => [model, structuredClone(state)]));
  for (const state of modelStates.values()) refreshState(state, now, windowMs);
  let at = now;
  for (const [index, { model: requested, tokens }] of requests.entries()) {
    const model = modelStates.get(requested)?.standsFor ?? requested;
    const state = getOrCreateState(modelStates, model);
    const correctedTokens = correctTokenEstimate(state, tokens);
    const windowLimits = computeWindowLimits(state, limitsFor(model, requested), options);
    const scheduled = scheduleRequest(state, correctedTokens, at, windowLimits);
    if (!scheduled.ok) {
      return { waitMs: at - now, closed: { model, afterRequests: index, until: scheduled.until } };
    }
    at = scheduled.at;
    insertReservation(state, { id: `forecast ${index}`, at, tokens: correctedTokens, bookedAt: now, confirmed: true });
  }
  return { waitMs: at - now };
}

function getOrCreateState(modelStates: Map<string, ModelState>, model: string): ModelState {
  const state = modelStates.get(model) ?? createModelState();
  modelStates.set(model, state);
  return state;
}
