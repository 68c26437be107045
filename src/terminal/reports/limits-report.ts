import type { LimitKind } from '../../facts/limits.js';
import type { Availability, LimitStatus, ModelStatus, QuotaStatus, UsageCount } from '../../quota/status.js';
import type { Colors } from '../text/colors.js';
import { formatDateTime, formatDuration, formatMoment } from '../text/format.js';
import { toPrintableLine } from '../text/printable.js';
import { fitsWidth, formatTable } from '../text/table.js';

/** The quota of a project, and whose it is. Times are milliseconds since the epoch. */
export interface LimitsReport {
  location: ProjectQuotaLocation;
  tier: string;
  /** The length of the service's "minute". */
  windowMs: number;
  now: number;
  models: readonly QuotaStatus[];
}

/** Where a book is. */
export interface QuotaLocation {
  /** The Redis that machines share it through, by host and port; absent where it is this machine's own. */
  redis?: string;
  /** The file that keeps it, whether or not it is there yet; absent where there is no folder for it. */
  file?: string;
}

/** Which book it is. */
export interface ProjectQuotaLocation extends QuotaLocation {
  project: string;
  /** Where the project's name is from: settings, or the key by its hash; `none` without either. */
  projectIs: 'named' | 'key-hash' | 'none';
}

/** The report as a person reads it: a table, or where that is too wide for the terminal a list. */
export function formatLimits(
  report: LimitsReport,
  { colors, columns }: { colors: Colors; columns?: number },
): string[] {
  const sections = report.models.map((model) => ({
    title: formatTitle(model, report, colors),
    rows: createRows(model, report),
  }));
  const header = ['', 'limit', 'used', 'booked', 'source'];
  const table = formatTable([header, ...sections.flatMap(({ rows }) => rows)], [1, 2, 3]);
  const introLines = [...formatIntro(report), ''];
  if (!fitsWidth(table, columns))
    return [...introLines, ...sections.flatMap(({ title, rows }) => [title, ...rows.flatMap(formatListItem)])];
  const [headerLine = '', ...lines] = table;
  return [
    ...introLines,
    colors.dim(headerLine),
    ...sections.flatMap(({ title, rows }) => [title, ...lines.splice(0, rows.length)]),
  ];
}

/** Where the book is, in a line. */
export function formatQuotaLocation({ redis, file }: QuotaLocation): string {
  const missingText = 'none: there is no folder for it (set BOTICELLI_STATE_DIR)';
  return `Quota book: ${toPrintableLine(redis === undefined ? (file ?? missingText) : `Redis at ${redis}`)}`;
}

function formatIntro({ location, tier, models }: LimitsReport): string[] {
  const { project, projectIs } = location;
  const projectText = {
    named: project,
    'key-hash': `${project} (a hash of the API key)`,
    none: `${project}, for there is no API key`,
  };
  const isUnused = models.every((model) => model.standsFor === undefined && model.day.requests.used === 0);
  return [
    formatQuotaLocation(location),
    `Project: ${toPrintableLine(projectText[projectIs])}`,
    ...(projectIs === 'none' ? ['  Set GEMINI_API_KEY, or [quota] project in boticelli.toml.'] : []),
    `Tier: ${toPrintableLine(tier)}`,
    ...(isUnused ? ['Nothing used yet.'] : []),
  ];
}

function formatTitle(model: QuotaStatus, { now }: LimitsReport, colors: Colors): string {
  const name = colors.heading(toPrintableLine(model.model));
  if (model.standsFor !== undefined)
    return `${name}: stands for ${toPrintableLine(model.standsFor)}, and is counted there`;
  const availability = formatAvailability(model.free, now);
  return `${name}: ${model.free.state === 'now' ? availability : colors.warning(availability)}`;
}

function formatAvailability(availability: Availability, now: number): string {
  switch (availability.state) {
    case 'now':
      return 'free now';
    case 'later':
      // In a twentieth of a second, which would be told as 0.0 s, it is.
      return availability.at - now < 50 ? 'free now' : `free ${formatMoment(new Date(availability.at), now)}`;
    case 'taken':
      return 'as many requests are under way as may be';
    case 'closed':
      return `day used up, opens ${formatMoment(new Date(availability.at), now)}`;
  }
}

function createRows(model: QuotaStatus, { windowMs }: LimitsReport): string[][] {
  if (model.standsFor !== undefined) return [];
  const { limits, minute, day, underWay } = model;
  const perWindow = windowMs === 60_000 ? 'a minute' : `in ${formatDuration(windowMs)}`;
  const hasTokens = limits.tpm !== undefined || minute.tokens.used + minute.tokens.booked > 0;
  const usageRow = (label: string, kind: LimitKind, { used, booked }: UsageCount) =>
    createRow(label, limits[kind], [used, booked]);
  return [
    usageRow(`requests ${perWindow}`, 'rpm', minute.requests),
    ...(hasTokens ? [usageRow(`input tokens ${perWindow}`, 'tpm', minute.tokens)] : []),
    usageRow('requests a day', 'rpd', day.requests),
    ...(limits.maxConcurrent ? [createRow('requests at once', limits.maxConcurrent, [underWay])] : []),
  ];
}

function createRow(label: string, limit: LimitStatus | undefined, [used, booked]: [number, number?]): string[] {
  return [`  ${label}`, formatLimit(limit), String(used), String(booked ?? ''), limit ? formatSource(limit) : ''];
}

function formatLimit(limit: LimitStatus | undefined): string {
  if (!limit) return 'none';
  return limit.value === limit.whole ? String(limit.value) : `${limit.value} of ${limit.whole}`;
}

function formatSource({ source, learnedAt }: LimitStatus): string {
  if (learnedAt !== undefined) return `learned ${formatDateTime(new Date(learnedAt))}`;
  return source === 'built-in' ? 'built in' : source;
}

function formatListItem([label = '', limit, used, booked, source]: string[]): string[] {
  const usageText = booked === '' ? `${used} used` : `${used} used, ${booked} booked`;
  return [`${label}: ${limit}`, `    ${usageText}`, ...(source ? [`    ${source}`] : [])];
}

/** The document of `--format json`: times in ISO 8601, numbers as they are. */
export function toLimitsDocument({ location: book, tier, windowMs, now, models }: LimitsReport) {
  return { at: toIsoTime(now), book, tier, windowMs, models: models.map(toModelDocument) };
}

function toModelDocument(model: QuotaStatus) {
  if (model.standsFor !== undefined) return model;
  const { limits, minute, day, underWay, free }: ModelStatus = model;
  return {
    model: model.model,
    limits: toLimitsObject(limits),
    minute,
    day: { ...day, endsAt: toIsoTime(day.endsAt) },
    underWay,
    free: 'at' in free ? { ...free, at: toIsoTime(free.at) } : free,
  };
}

/** Limits as json shows them. */
export function toLimitsObject(limits: ModelStatus['limits']) {
  const withTimes = Object.entries(limits).map(([kind, { value, whole, source, learnedAt }]) => [
    kind,
    { value, whole, source, ...(learnedAt !== undefined && { learnedAt: toIsoTime(learnedAt) }) },
  ]);
  return Object.fromEntries(withTimes);
}

function toIsoTime(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
