import { type LimitKind, limitKinds } from '../facts/limits.js';
import { createModelState, findOrCreateDay, type ModelState, refreshState } from './limiter/model-state.js';
import { modelStateKey } from './limiter/project-state.js';
import type { RateLimiterOptions } from './limiter/rate-limiter.js';
import { computeGuardMs, scheduleRequest } from './limiter/schedule.js';
import { computeEffectiveLimits, type Limit, type Limits } from './limits.js';

/** What is known of a model's quota at a moment, or what a name stands for. Times are milliseconds since the epoch. */
export type QuotaStatus = ModelStatus | AliasStatus;

/** A name that stands for another model: its requests are counted there. */
export interface AliasStatus {
  model: string;
  standsFor: string;
}

export interface ModelStatus {
  model: string;
  standsFor?: never;
  limits: Partial<Record<LimitKind, LimitStatus>>;
  /** In the minute that ends now, and booked to come. Tokens are those of prompts. */
  minute: { requests: UsageCount; tokens: UsageCount };
  /** In the Pacific day. */
  day: { endsAt: number; requests: UsageCount };
  /** Requests or sessions that are under way, where there is a limit to them; else 0. */
  underWay: number;
  free: Availability;
}

/** A limit that holds. */
export interface LimitStatus extends Limit {
  /** The whole of it, of which `value` is the budget's share. */
  whole: number;
  /** When the service said so, where it did. */
  learnedAt?: number;
}

/** How much was sent, and how much more has an appointment. */
export interface UsageCount {
  used: number;
  booked: number;
}

/** When a small request made now would be sent; `taken` where all places for requests at once are. */
export type Availability =
  | { state: 'now' }
  | { state: 'later'; at: number; reason: 'rpm' | 'tpm' }
  | { state: 'taken' }
  | { state: 'closed'; at: number };

export interface QuotaStatusOptions extends Pick<RateLimiterOptions, 'project' | 'windowMs' | 'budget'> {
  /** Everything that a keeper has. It is not changed. */
  modelStates: ReadonlyMap<string, ModelState>;
  /** Models to be told of beside those that the book knows. */
  models: readonly string[];
  limitsFor: (model: string, requestedAs?: string) => Limits;
  now: number;
}

/** What is known of a project's quota, model by model in the order of their names. */
export function getQuotaStatus(options: QuotaStatusOptions): QuotaStatus[] {
  const { project, models, now, windowMs = 60_000 } = options;
  const modelStates = new Map(listProjectStates(options).map(([model, state]) => [model, structuredClone(state)]));
  for (const state of modelStates.values()) refreshState(state, now, windowMs);
  const aliasTargets = [...modelStates.values()].flatMap(({ standsFor = [] }) => standsFor);
  const names = [...new Set([...modelStates.keys(), ...aliasTargets, ...models])].sort();
  return names.map((model) => {
    const state = modelStates.get(model) ?? createModelState();
    if (state.standsFor !== undefined) return { model, standsFor: state.standsFor };
    const aliases = [...modelStates].filter(([, { standsFor }]) => standsFor === model);
    // A lease is taken under the name that was asked for.
    state.leases.push(...aliases.flatMap(([, { leases }]) => leases));
    return getModelStatus(model, state, { ...options, project, windowMs, requestedAs: aliases[0]?.[0] });
  });
}

/** The pages of a project by their models. */
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
  const { now, windowMs, budget, limitsFor, requestedAs } = options;
  const configured = limitsFor(model, requestedAs);
  const limits = computeEffectiveLimits(configured, state.learned, budget);
  const inWindow = state.appointments.filter(({ at }) => at > now - windowMs);
  const { endsAt, count } = findOrCreateDay(state, now);
  const reservedToday = state.appointments.filter(({ confirmed, at }) => !confirmed && at < endsAt).length;
  return {
    model,
    limits: addLimitDetails(limits, computeEffectiveLimits(configured, state.learned), state),
    minute: { requests: countUsage(inWindow, () => 1), tokens: countUsage(inWindow, ({ tokens }) => tokens) },
    day: { endsAt, requests: { used: Math.max(0, count - reservedToday), booked: reservedToday } },
    underWay: state.leases.length,
    free: getAvailability(state, limits, { now, windowMs }),
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

function getAvailability(
  state: ModelState,
  limits: Limits,
  { now, windowMs }: { now: number; windowMs: number },
): Availability {
  const scheduled = scheduleRequest(state, 1, now, {
    limits,
    windowMs,
    guardMs: computeGuardMs(windowMs, state.guardFactor),
  });
  if (!scheduled.ok) return { state: 'closed', at: scheduled.until };
  if (scheduled.at > now) return { state: 'later', at: scheduled.at, reason: scheduled.reason ?? 'rpm' };
  const { maxConcurrent } = limits;
  return maxConcurrent && state.leases.length >= maxConcurrent.value ? { state: 'taken' } : { state: 'now' };
}
