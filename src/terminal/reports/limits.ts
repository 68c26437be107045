import type { LimitKind } from '../../quota/limits.js';
import type { Free, Spent, Surveyed, SurveyedLimit, SurveyedModel } from '../../quota/status.js';
import type { Paint } from '../text/colors.js';
import { dateAndTime, duration, moment } from '../text/format.js';
import { printableLine } from '../text/printable.js';
import { aligned, fits } from '../text/table.js';

/** The quota of a project, and whose it is. Times are milliseconds since the epoch. */
export interface LimitsReport {
  book: BookInWords;
  tier: string;
  /** The length of the service's "minute". */
  windowMs: number;
  now: number;
  models: readonly Surveyed[];
}

/** Where a book is. */
export interface PlaceOfBook {
  /** The Redis that machines share it through, by host and port; absent where it is this machine's own. */
  redis?: string;
  /** The file that keeps it, whether or not it is there yet; absent where there is no folder for it. */
  file?: string;
}

/** Which book it is. */
export interface BookInWords extends PlaceOfBook {
  project: string;
  /** Where the project's name is from: settings, or the key by its hash; `none` without either. */
  projectIs: 'named' | 'key-hash' | 'none';
}

/** The report as a person reads it: a table, or where that is too wide for the terminal a list. */
export function limitsLines(report: LimitsReport, { paint, columns }: { paint: Paint; columns?: number }): string[] {
  const blocks = report.models.map((model) => ({ title: titleOf(model, report, paint), rows: rowsOf(model, report) }));
  const head = ['', 'limit', 'used', 'booked', 'source'];
  const table = aligned([head, ...blocks.flatMap(({ rows }) => rows)], [1, 2, 3]);
  const intro = [...bookLines(report), ''];
  if (!fits(table, columns))
    return [...intro, ...blocks.flatMap(({ title, rows }) => [title, ...rows.flatMap(listed)])];
  const [headLine = '', ...lines] = table;
  return [
    ...intro,
    paint.dim(headLine),
    ...blocks.flatMap(({ title, rows }) => [title, ...lines.splice(0, rows.length)]),
  ];
}

/** Where the book is, in a line. */
export function bookLine({ redis, file }: PlaceOfBook): string {
  const none = 'none: there is no folder for it (set BOTICELLI_STATE_DIR)';
  return `Quota book: ${printableLine(redis === undefined ? (file ?? none) : `Redis at ${redis}`)}`;
}

function bookLines({ book, tier, models }: LimitsReport): string[] {
  const { project, projectIs } = book;
  const whose = {
    named: project,
    'key-hash': `${project} (a hash of the API key)`,
    none: `${project}, for there is no API key`,
  };
  const isUnused = models.every((model) => model.standsFor === undefined && model.day.requests.used === 0);
  return [
    bookLine(book),
    `Project: ${printableLine(whose[projectIs])}`,
    ...(projectIs === 'none' ? ['  Set GEMINI_API_KEY, or [quota] project in boticelli.toml.'] : []),
    `Tier: ${printableLine(tier)}`,
    ...(isUnused ? ['Nothing used yet.'] : []),
  ];
}

function titleOf(model: Surveyed, { now }: LimitsReport, paint: Paint): string {
  const name = paint.heading(printableLine(model.model));
  if (model.standsFor !== undefined)
    return `${name}: stands for ${printableLine(model.standsFor)}, and is counted there`;
  const free = freeWords(model.free, now);
  return `${name}: ${model.free.state === 'now' ? free : paint.warning(free)}`;
}

function freeWords(free: Free, now: number): string {
  switch (free.state) {
    case 'now':
      return 'free now';
    case 'later':
      // In a twentieth of a second, which would be told as 0.0 s, it is.
      return free.at - now < 50 ? 'free now' : `free ${moment(new Date(free.at), now)}`;
    case 'taken':
      return 'as many requests are under way as may be';
    case 'closed':
      return `day used up, opens ${moment(new Date(free.at), now)}`;
  }
}

function rowsOf(model: Surveyed, { windowMs }: LimitsReport): string[][] {
  if (model.standsFor !== undefined) return [];
  const { limits, minute, day, underWay } = model;
  const each = windowMs === 60_000 ? 'a minute' : `in ${duration(windowMs)}`;
  const hasTokens = limits.tpm !== undefined || minute.tokens.used + minute.tokens.booked > 0;
  const row = (label: string, kind: LimitKind, { used, booked }: Spent) => rowOf(label, limits[kind], [used, booked]);
  return [
    row(`requests ${each}`, 'rpm', minute.requests),
    ...(hasTokens ? [row(`input tokens ${each}`, 'tpm', minute.tokens)] : []),
    row('requests a day', 'rpd', day.requests),
    ...(limits.maxConcurrent ? [rowOf('requests at once', limits.maxConcurrent, [underWay])] : []),
  ];
}

function rowOf(label: string, limit: SurveyedLimit | undefined, [used, booked]: [number, number?]): string[] {
  return [`  ${label}`, limitWords(limit), String(used), String(booked ?? ''), limit ? sourceWords(limit) : ''];
}

function limitWords(limit: SurveyedLimit | undefined): string {
  if (!limit) return 'none';
  return limit.value === limit.whole ? String(limit.value) : `${limit.value} of ${limit.whole}`;
}

function sourceWords({ source, learnedAt }: SurveyedLimit): string {
  if (learnedAt !== undefined) return `learned ${dateAndTime(new Date(learnedAt))}`;
  return source === 'built-in' ? 'built in' : source;
}

function listed([label = '', limit, used, booked, source]: string[]): string[] {
  const spent = booked === '' ? `${used} used` : `${used} used, ${booked} booked`;
  return [`${label}: ${limit}`, `    ${spent}`, ...(source ? [`    ${source}`] : [])];
}

/** The document of `--format json`: times in ISO 8601, numbers as they are. */
export function limitsDocument({ book, tier, windowMs, now, models }: LimitsReport) {
  return { at: iso(now), book, tier, windowMs, models: models.map(modelDocument) };
}

function modelDocument(model: Surveyed) {
  if (model.standsFor !== undefined) return model;
  const { limits, minute, day, underWay, free }: SurveyedModel = model;
  return {
    model: model.model,
    limits: limitsWithTimes(limits),
    minute,
    day: { ...day, endsAt: iso(day.endsAt) },
    underWay,
    free: 'at' in free ? { ...free, at: iso(free.at) } : free,
  };
}

/** Limits as json shows them. */
export function limitsWithTimes(limits: SurveyedModel['limits']) {
  const withTimes = Object.entries(limits).map(([kind, { value, whole, source, learnedAt }]) => [
    kind,
    { value, whole, source, ...(learnedAt !== undefined && { learnedAt: iso(learnedAt) }) },
  ]);
  return Object.fromEntries(withTimes);
}

function iso(moment: number): string {
  return new Date(moment).toISOString();
}
