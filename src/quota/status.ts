import { dayOf, emptyPage, type Page, refresh } from './limiter/model-state.js';
import { pageKey } from './limiter/project-state.js';
import type { QuotaBookOptions } from './limiter/rate-limiter.js';
import { guardFor, plan } from './limiter/schedule.js';
import { effectiveLimits, type Limit, type LimitKind, type Limits, limitKinds } from './limits.js';

/** What is known of a model's quota at a moment, or what a name stands for. Times are milliseconds since the epoch. */
export type Surveyed = SurveyedModel | SurveyedAlias;

/** A name that stands for another model: its requests are counted there. */
export interface SurveyedAlias {
  model: string;
  standsFor: string;
}

export interface SurveyedModel {
  model: string;
  standsFor?: never;
  limits: Partial<Record<LimitKind, SurveyedLimit>>;
  /** In the minute that ends now, and booked to come. Tokens are those of prompts. */
  minute: { requests: Spent; tokens: Spent };
  /** In the Pacific day. */
  day: { endsAt: number; requests: Spent };
  /** Requests or sessions that are under way, where there is a limit to them; else 0. */
  underWay: number;
  free: Free;
}

/** A limit that holds. */
export interface SurveyedLimit extends Limit {
  /** The whole of it, of which `value` is the budget's share. */
  whole: number;
  /** When the service said so, where it did. */
  learnedAt?: number;
}

/** How much was sent, and how much more has an appointment. */
export interface Spent {
  used: number;
  booked: number;
}

/** When a small request made now would be sent; `taken` where all places for requests at once are. */
export type Free =
  | { state: 'now' }
  | { state: 'later'; at: number; reason: 'rpm' | 'tpm' }
  | { state: 'taken' }
  | { state: 'closed'; at: number };

export interface SurveyOptions extends Pick<QuotaBookOptions, 'project' | 'windowMs' | 'budget'> {
  /** Everything that a keeper has. It is not changed. */
  pages: ReadonlyMap<string, Page>;
  /** Models to be told of beside those that the book knows. */
  models: readonly string[];
  limitsFor: (model: string, requestedAs?: string) => Limits;
  now: number;
}

/** What is known of a project's quota, model by model in the order of their names. */
export function survey(options: SurveyOptions): Surveyed[] {
  const { project, models, now, windowMs = 60_000 } = options;
  const pages = new Map(knownModels(options).map(([model, page]) => [model, structuredClone(page)]));
  for (const page of pages.values()) refresh(page, now, windowMs);
  const targets = [...pages.values()].flatMap(({ standsFor = [] }) => standsFor);
  const names = [...new Set([...pages.keys(), ...targets, ...models])].sort();
  return names.map((model) => {
    const page = pages.get(model) ?? emptyPage();
    if (page.standsFor !== undefined) return { model, standsFor: page.standsFor };
    const aliases = [...pages].filter(([, { standsFor }]) => standsFor === model);
    // A lease is taken under the name that was asked for.
    page.leases.push(...aliases.flatMap(([, { leases }]) => leases));
    return surveyed(model, page, { ...options, project, windowMs, requestedAs: aliases[0]?.[0] });
  });
}

/** The pages of a project by their models. */
export function knownModels({ pages, project }: Pick<SurveyOptions, 'pages' | 'project'>): [string, Page][] {
  const prefix = pageKey(project, '');
  return [...pages].flatMap(([key, page]) => (key.startsWith(prefix) ? [[key.slice(prefix.length), page]] : []));
}

function surveyed(
  model: string,
  page: Page,
  options: SurveyOptions & { windowMs: number; requestedAs: string | undefined },
): SurveyedModel {
  const { now, windowMs, budget, limitsFor, requestedAs } = options;
  const given = limitsFor(model, requestedAs);
  const limits = effectiveLimits(given, page.learned, budget);
  const inWindow = page.appointments.filter(({ at }) => at > now - windowMs);
  const { endsAt, count } = dayOf(page, now);
  const bookedToday = page.appointments.filter(({ confirmed, at }) => !confirmed && at < endsAt).length;
  return {
    model,
    limits: withOrigin(limits, effectiveLimits(given, page.learned), page),
    minute: { requests: spent(inWindow, () => 1), tokens: spent(inWindow, ({ tokens }) => tokens) },
    day: { endsAt, requests: { used: Math.max(0, count - bookedToday), booked: bookedToday } },
    underWay: page.leases.length,
    free: freeOf(page, limits, { now, windowMs }),
  };
}

function withOrigin(limits: Limits, whole: Limits, { learned }: Page): SurveyedModel['limits'] {
  const result: SurveyedModel['limits'] = {};
  for (const kind of limitKinds) {
    const limit = limits[kind];
    if (!limit) continue;
    const { learnedAt } = learned[kind] ?? {};
    const isLearned = limit.source === 'learned' && learnedAt !== undefined;
    result[kind] = { ...limit, whole: whole[kind]?.value ?? limit.value, ...(isLearned && { learnedAt }) };
  }
  return result;
}

function spent(appointments: Page['appointments'], amount: (each: Page['appointments'][number]) => number): Spent {
  const sum = (isSent: boolean) =>
    appointments.reduce((total, each) => total + (each.confirmed === isSent ? amount(each) : 0), 0);
  return { used: sum(true), booked: sum(false) };
}

function freeOf(page: Page, limits: Limits, { now, windowMs }: { now: number; windowMs: number }): Free {
  const planned = plan(page, 1, now, { limits, windowMs, guardMs: guardFor(windowMs, page.guardFactor) });
  if (!planned.open) return { state: 'closed', at: planned.until };
  if (planned.at > now) return { state: 'later', at: planned.at, reason: planned.reason ?? 'rpm' };
  const { maxConcurrent } = limits;
  return maxConcurrent && page.leases.length >= maxConcurrent.value ? { state: 'taken' } : { state: 'now' };
}
