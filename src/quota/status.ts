import { type LimitKind, limitKinds } from '../facts/limits.js';
import { createModelState, findOrCreateDay, type ModelState, refreshState } from './limiter/model-state.js';
import { modelStateKey } from './limiter/project-state.js';
import type { RateLimiterOptions } from './limiter/rate-limiter.js';
import { computeWindowLimits, scheduleRequest, type WindowLimits } from './limiter/schedule.js';
import { computeEffectiveLimits, type Limit, type Limits } from './limits.js';

/** The quota of a model at one moment, or the target of an alias. Times are milliseconds since the epoch. */
export type QuotaStatus = ModelStatus | AliasStatus;

/** A name that another model serves: its requests count there. */
export interface AliasStatus {
  model: string;
  standsFor: string;
}

export interface ModelStatus {
  model: string;
  standsFor?: never;
  limits: Partial<Record<LimitKind, LimitStatus>>;
  /** The minute that ends now, with all pending reservations. Tokens are prompt tokens. */
  minute: { requests: UsageCount; tokens: UsageCount };
  /** The Pacific day. */
  day: { endsAt: number; requests: UsageCount };
  /** Concurrent requests or sessions; 0 if their number is not limited. */
  underWay: number;
  free: Availability;
}

/** A limit in force. */
export interface LimitStatus extends Limit {
  /** The whole limit; `value` is the budget's share of it. */
  whole: number;
  /** When the limit was learned, if it was. */
  learnedAt?: number;
}

/** Requests or tokens that were sent (`used`) and that are reserved (`booked`). */
export interface UsageCount {
  used: number;
  booked: number;
}

/** When a small request made now would be sent; `taken` if all concurrency slots are in use. */
export type Availability =
  | { state: 'now' }
  | { state: 'later'; at: number; reason: 'rpm' | 'tpm' }
  | { state: 'taken' }
  | { state: 'closed'; at: number };

export interface QuotaStatusOptions extends Pick<RateLimiterOptions, 'project' | 'windowMs' | 'budget'> {
  /** All states of a store. They are not changed. */
  modelStates: ReadonlyMap<string, ModelState>;
  /** Models to include besides those in `modelStates`. */
  models: readonly string[];
  limitsFor: (model: string, requestedAs?: string) => Limits;
  now: number;
}

/** Returns the quota status of each model of a project, sorted by model name. */
export function getQuotaStatus(options: QuotaStatusOptions): QuotaStatus[] {
  const { models, now, windowMs = 60_000 } = options;
  const modelStates = new Map(listProjectStates(options).map(([model, state]) => [model, structuredClone(state)]));
  for (const state of modelStates.values()) refreshState(state, now, windowMs);
  const aliasTargets = [...modelStates.values()].flatMap(({ standsFor = [] }) => standsFor);
  const names = [...new Set([...modelStates.keys(), ...aliasTargets, ...models])].sort();
  return names.map((model) => {
    const state = modelStates.get(model) ?? createModelState();
    if (state.standsFor !== undefined) return { model, standsFor: state.standsFor };
    const aliases = [...modelStates].filter(([, { standsFor }]) => standsFor === model);
    // A lease may be stored under the alias that was requested.
    state.leases.push(...aliases.flatMap(([, { leases }]) => leases));
    return getModelStatus(model, state, { ...options, windowMs, requestedAs: aliases[0]?.[0] });
  });
}

/** Returns the states of a project with their model names. */
export function listProjectStates({
  modelStates,
  project,
}: Pick<QuotaStatusOptions, 'modelStates' | 'project'>): [string, ModelState][] {
  const prefix = modelStateKey(project, '');
  return [...modelStates].flatMap(([key, state]) =>
    key.startsWith(prefix) ? [[key.slice(prefix.length), state]] : [],
  );
}

function getModelStatus(
  model: string,
  state: ModelState,
  options: QuotaStatusOptions & { windowMs: number; requestedAs: string | undefined },
): ModelStatus {
  const { now, windowMs, limitsFor, requestedAs } = options;
  const configured = limitsFor(model, requestedAs);
  const windowLimits = computeWindowLimits(state, configured, options);
  const inWindow = state.appointments.filter(({ at }) => at > now - windowMs);
  const { endsAt, count } = findOrCreateDay(state, now);
  const reservedToday = state.appointments.filter(({ confirmed, at }) => !confirmed && at < endsAt).length;
  return {
    model,
    limits: addLimitDetails(windowLimits.limits, computeEffectiveLimits(configured, state.learned), state),
    minute: { requests: countUsage(inWindow, () => 1), tokens: countUsage(inWindow, ({ tokens }) => tokens) },
    day: { endsAt, requests: { used: Math.max(0, count - reservedToday), booked: reservedToday } },
    underWay: state.leases.length,
    free: getAvailability(state, now, windowLimits),
  };
}

function addLimitDetails(limits: Limits, whole: Limits, { learned }: ModelState): ModelStatus['limits'] {
  const result: ModelStatus['limits'] = {};
  for (const kind of limitKinds) {
    const limit = limits[kind];
    if (!limit) continue;
    const { learnedAt } = learned[kind] ?? {};
    const isLearned = limit.source === 'learned' && learnedAt !== undefined;
    result[kind] = { ...limit, whole: whole[kind]?.value ?? limit.value, ...(isLearned && { learnedAt }) };
  }
  return result;
}

function countUsage(
  reservations: ModelState['appointments'],
  amount: (reservation: ModelState['appointments'][number]) => number,
): UsageCount {
  const sum = (isSent: boolean) =>
    reservations.reduce(
      (total, reservation) => total + (reservation.confirmed === isSent ? amount(reservation) : 0),
      0,
    );
  return { used: sum(true), booked: sum(false) };
}

function getAvailability(state: ModelState, now: number, windowLimits: WindowLimits): Availability {
  const scheduled = scheduleRequest(state, 1, now, windowLimits);
  if (!scheduled.ok) return { state: 'closed', at: scheduled.until };
  if (scheduled.at > now) return { state: 'later', at: scheduled.at, reason: scheduled.reason ?? 'rpm' };
  const { maxConcurrent } = windowLimits.limits;
  return maxConcurrent && state.leases.length >= maxConcurrent.value ? { state: 'taken' } : { state: 'now' };
}
