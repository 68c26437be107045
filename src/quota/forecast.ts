import { correctTokenEstimate, createModelState, type ModelState, refreshState } from './limiter/model-state.js';
import { computeGuardMs, insertReservation, scheduleRequest } from './limiter/schedule.js';
import { computeEffectiveLimits, type Limits } from './limits.js';
import { listProjectStates, type QuotaStatusOptions } from './status.js';

/** A request to come. */
export interface ForecastRequest {
  model: string;
  /** Of the prompt, by estimate. */
  tokens: number;
}

/** What requests to come will find. Times are milliseconds since the epoch. */
export interface QuotaForecast {
  /** How long they wait for quota in sum, as far as they come. */
  waitMs: number;
  /** The day that is used up before all are sent: so many were, and the next finds no room before then. */
  closed?: { model: string; afterRequests: number; until: number };
}

/**
 * Makes the appointments of requests that follow one another, each as soon as the one before it is sent, in a copy of the quota
 * book: nothing is booked. How long replies take is not known, and so left out.
 */
export function forecastQuota(
  requests: readonly ForecastRequest[],
  options: Omit<QuotaStatusOptions, 'models'>,
): QuotaForecast {
  const { now, windowMs = 60_000, budget, limitsFor } = options;
  const modelStates = new Map(listProjectStates(options).map(([model, state]) => [model, structuredClone(state)]));
  for (const state of modelStates.values()) refreshState(state, now, windowMs);
  let at = now;
  for (const [index, { model: requested, tokens }] of requests.entries()) {
    const model = modelStates.get(requested)?.standsFor ?? requested;
    const state = getOrCreateState(modelStates, model);
    const limits: Limits = computeEffectiveLimits(limitsFor(model, requested), state.learned, budget);
    const correctedTokens = correctTokenEstimate(state, tokens);
    const scheduled = scheduleRequest(state, correctedTokens, at, {
      limits,
      windowMs,
      guardMs: computeGuardMs(windowMs, state.guardFactor),
    });
    if (!scheduled.ok) {
      return { waitMs: at - now, closed: { model, afterRequests: index, until: scheduled.until } };
    }
    at = scheduled.at;
    insertReservation(state, { id: `foreseen ${index}`, at, tokens: correctedTokens, bookedAt: now, confirmed: true });
  }
  return { waitMs: at - now };
}

function getOrCreateState(modelStates: Map<string, ModelState>, model: string): ModelState {
  const state = modelStates.get(model) ?? createModelState();
  modelStates.set(model, state);
  return state;
}
