import { type LimitKind, limitKinds } from '../facts/limits.js';
import {
  type BlockingLimit,
  countRequests,
  createModelState,
  findOrCreateDay,
  type ModelState,
  refreshState,
  type StoredReservation,
} from './limiter/model-state.js';
import { modelStateKey } from './limiter/model-state-access.js';
import type { RateLimiterOptions } from './limiter/rate-limiter.js';
import { computeWindowLimits, scheduleRequest, type WindowLimits } from './limiter/schedule.js';
import { computeEffectiveLimits, type Limit, type Limits } from './limits.js';

/**
 * The quota of a model at one moment. For an alias (`model`), only the name of the model that serves it (`servedBy`).
 * Times are milliseconds since the epoch.
 */
export type QuotaStatus = ModelStatus | { model: string; servedBy: string };

/** The quota of a model that serves requests itself. */
export interface ModelStatus {
  model: string;
  servedBy?: never;
  limits: Partial<Record<LimitKind, LimitStatus>>;
  /** The usage of the last minute, and all pending reservations. Tokens are prompt tokens. */
  minute: { requests: UsageCount; tokens: UsageCount };
  /** The current day in Pacific time. */
  day: { endsAt: number; requests: UsageCount };
  /** Concurrent requests or sessions; 0 if their number is not limited. */
  underWay: number;
  /** When the next request can be sent. */
  availability: Availability;
}

/** A limit in force. */
export interface LimitStatus extends Limit {
  /** The whole limit. `value` is the share of this limit that the settings allow (table `[budget]`). */
  fullLimit: number;
  /** When the limit was learned. Absent for other limits. */
  learnedAt?: number;
}

/** How many requests or tokens were sent (`used`) and how many are reserved (`booked`). */
export interface UsageCount {
  used: number;
  booked: number;
}

/** When a small request made now would be sent. `taken`: no concurrency slot is free. */
export type Availability =
  | { state: 'now' }
  | { state: 'later'; at: number; reason: BlockingLimit }
  | { state: 'taken' }
  /** Until `at`, no request is sent: the daily quota is used up, or the API asked for a delay of over ten minutes. */
  | { state: 'closed'; at: number };

/** The options of `getQuotaStatus`. */
export interface QuotaStatusOptions extends Pick<RateLimiterOptions, 'project' | 'windowMs' | 'limitMultipliers'> {
  /** All states of a store. They are not changed. */
  modelStates: ReadonlyMap<string, ModelState>;
  /** Models to include besides those in `modelStates`. */
  models: readonly string[];
  limitsFor: (model: string, requestedAs?: string) => Limits;
  now: number;
}

/**
 * Returns the quota status of each model of a project, sorted by model name. A model that is not in `models` is
 * left out if nothing is known about it, because its name may be misspelt.
 */
export function getQuotaStatus(options: QuotaStatusOptions): QuotaStatus[] {
  const modelStates = copyProjectStates(options);
  const aliasTargets = [...modelStates.values()].flatMap(({ servedBy = [] }) => servedBy);
  const known = [...modelStates].flatMap(([name, state]) => (isWorthListing(state) ? [name] : []));
  const names = [...new Set([...known, ...aliasTargets, ...options.models])].sort();
  return names.map((model) => {
    const state = modelStates.get(model) ?? createModelState();
    if (state.servedBy !== undefined) return { model, servedBy: state.servedBy };
    const aliases = [...modelStates].filter(([, { servedBy }]) => servedBy === model);
    // A concurrency slot that was taken before the serving model was known is stored under the alias.
    state.concurrencySlots.push(...aliases.flatMap(([, { concurrencySlots }]) => concurrencySlots));
    return getModelStatus(model, state, { ...options, requestedAs: aliases[0]?.[0] });
  });
}

/**
 * Whether anything is known about a model, apart from its safety margin and its rejections. A day with the count 0 says
 * nothing, because a cancelled request leaves such a day even if the name of the model was misspelt.
 */
function isWorthListing(state: ModelState): boolean {
  const { reservations, days, concurrencySlots, learned } = state;
  const { blockedUntil, pausedUntil, tokenRatio, maxAcceptedPerWindow, servedBy } = state;
  const optionalFields = [blockedUntil, pausedUntil, tokenRatio, maxAcceptedPerWindow, servedBy];
  return (
    reservations.length + concurrencySlots.length + Object.keys(learned).length > 0 ||
    days.some(({ count }) => count !== 0) ||
    optionalFields.some((field) => field !== undefined)
  );
}

/** Returns copies of a project's states, by model name, brought up to date with `now`. */
export function copyProjectStates(options: Omit<QuotaStatusOptions, 'models'>): Map<string, ModelState> {
  const { now, windowMs = 60_000 } = options;
  const modelStates = new Map(listProjectStates(options).map(([model, state]) => [model, structuredClone(state)]));
  for (const state of modelStates.values()) refreshState(state, now, windowMs);
  return modelStates;
}

/** Returns the states of a project with their model names. */
export function listProjectStates(
  options: Pick<QuotaStatusOptions, 'modelStates' | 'project'>,
): [string, ModelState][] {
  const { modelStates, project } = options;
  const prefix = modelStateKey(project, '');
  return [...modelStates].flatMap(([key, state]) =>
    key.startsWith(prefix) ? [[key.slice(prefix.length), state]] : [],
  );
}

function getModelStatus(
  model: string,
  state: ModelState,
  options: QuotaStatusOptions & { requestedAs: string | undefined },
): ModelStatus {
  const { now, limitsFor, requestedAs } = options;
  const configured = limitsFor(model, requestedAs);
  const window = computeWindowLimits(state, configured, options);
  const { endsAt, count } = findOrCreateDay(state, now);
  const { reservations, concurrencySlots } = state;
  const reservedToday = reservations.filter(({ confirmed, at }) => !confirmed && at < endsAt).length;
  return {
    model,
    limits: addLimitDetails(window.limits, computeEffectiveLimits(configured, state), state),
    minute: countUsage(reservations.filter(({ at }) => at > now - window.windowMs)),
    day: { endsAt, requests: { used: Math.max(0, count - reservedToday), booked: reservedToday } },
    underWay: concurrencySlots.length,
    availability: getAvailability(state, now, window),
  };
}

function addLimitDetails(limits: Limits, fullLimits: Limits, { learned }: ModelState): ModelStatus['limits'] {
  const result: ModelStatus['limits'] = {};
  for (const kind of limitKinds) {
    const limit = limits[kind];
    if (!limit) continue;
    const { learnedAt } = learned[kind] ?? {};
    const isLearned = limit.source === 'learned' && learnedAt !== undefined;
    result[kind] = { ...limit, fullLimit: fullLimits[kind]?.value ?? limit.value, ...(isLearned && { learnedAt }) };
  }
  return result;
}

function countUsage(reservations: readonly StoredReservation[]): ModelStatus['minute'] {
  const minute = { requests: { used: 0, booked: 0 }, tokens: { used: 0, booked: 0 } };
  for (const reservation of reservations) {
    const usage = reservation.confirmed ? 'used' : 'booked';
    minute.requests[usage] += countRequests(reservation);
    minute.tokens[usage] += reservation.tokens;
  }
  return minute;
}

function getAvailability(state: ModelState, now: number, window: WindowLimits): Availability {
  const scheduled = scheduleRequest(state, 1, now, window);
  if (!scheduled.ok) return { state: 'closed', at: scheduled.until };
  if (scheduled.at > now) return { state: 'later', at: scheduled.at, reason: scheduled.reason ?? 'rpm' };
  const { maxConcurrent } = window.limits;
  return maxConcurrent && state.concurrencySlots.length >= maxConcurrent.value ? { state: 'taken' } : { state: 'now' };
}
