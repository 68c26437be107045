import type { LimitKind } from '../../facts/limits.js';
import type { LimitStatus, ModelStatus, QuotaStatus, UsageCount } from '../../quota/status.js';
import type { Colors, DisplayOptions } from '../text/colors.js';
import { formatDateTime, formatDuration, formatInteger, formatMoment, toIsoTime } from '../text/format.js';
import { toPrintableLine } from '../text/printable.js';
import { fitsWidth, formatTable } from '../text/table.js';

/** The limits and usage of a project. Times are milliseconds since the epoch. */
export interface LimitsReport {
  storeLocation: ProjectStoreLocation;
  tier: string;
  /** The period to which per-minute limits apply: a minute, unless `rate_window_seconds` is set. */
  windowMs: number;
  now: number;
  models: readonly QuotaStatus[];
}

/** The location of a quota store. */
export interface StoreLocation {
  /** The host and port of the Redis that machines share. Absent if the store is local. */
  redis?: string;
  /** The database file, which may not exist yet. Absent if there is no folder for it. */
  file?: string;
}

/** The location of a quota store, with the project whose quota is shown. */
export interface ProjectStoreLocation extends StoreLocation {
  project: string;
  /** Where the project's name comes from: `[quota] project` in the settings, the hash of the API key, or neither. */
  projectSource: 'settings' | 'key-hash' | 'none';
}

/** Formats the report as a table, or as a list if the table is too wide for the terminal. */
export function formatLimits(report: LimitsReport, { colors, columns }: DisplayOptions): string[] {
  const { models } = report;
  const sections = models.map((model) => ({
    title: formatTitle(model, report, colors),
    rows: createRows(model, report),
  }));
  const header = ['', 'limit', 'used', 'reserved', 'source'];
  const table = formatTable([header, ...sections.flatMap(({ rows }) => rows)], [1, 2, 3]);
  const introLines = [...formatIntro(report), ''];
  if (!fitsWidth(table, columns))
    return [...introLines, ...sections.flatMap(({ title, rows }) => [title, ...rows.flatMap(formatListItem)])];
  const [headerLine = '', ...lines] = table;
  const body = sections.flatMap(({ title, rows }) => [title, ...lines.splice(0, rows.length)]);
  return [...introLines, colors.dim(headerLine), ...body];
}

/** Formats the location of the quota store in one line. */
export function formatStoreLocation({ redis, file }: StoreLocation): string {
  const missingText = 'none, because there is no folder for it (set BOTICELLI_STATE_DIR)';
  return `Quota store: ${toPrintableLine(redis === undefined ? (file ?? missingText) : `Redis at ${redis}`)}`;
}

function formatIntro({ storeLocation, tier, models }: LimitsReport): string[] {
  const { project, projectSource } = storeLocation;
  const projectText = {
    settings: project,
    'key-hash': `${project} (hash of the API key)`,
    none: `${project} (no API key is set)`,
  };
  const isUnused = models.every((model) => model.servedBy === undefined && model.day.requests.used === 0);
  return [
    formatStoreLocation(storeLocation),
    `Project: ${toPrintableLine(projectText[projectSource])}`,
    ...(projectSource === 'none' ? ['  Set GEMINI_API_KEY, or [quota] project in boticelli.toml.'] : []),
    `Tier: ${toPrintableLine(tier)}`,
    ...(isUnused ? ['Nothing used yet.'] : []),
  ];
}

function formatTitle(model: QuotaStatus, { now }: LimitsReport, colors: Colors): string {
  const name = colors.heading(toPrintableLine(model.model));
  if (model.servedBy !== undefined)
    return `${name}: alias of ${toPrintableLine(model.servedBy)}; its requests count for that model`;
  const availability = formatAvailability(model, now);
  return `${name}: ${model.availability.state === 'now' ? availability : colors.warning(availability)}`;
}

function formatAvailability({ availability, day }: ModelStatus, now: number): string {
  switch (availability.state) {
    case 'now':
      return 'available now';
    case 'later':
      // A shorter wait would be shown as 0.0 s.
      return availability.at - now < 50 ? 'available now' : `available ${formatMoment(new Date(availability.at), now)}`;
    case 'taken':
      return 'at the limit of concurrent requests';
    case 'closed': {
      // The model accepts no requests until the end of a day, or of a delay that the service asked for.
      const reason =
        availability.at === day.endsAt
          ? 'daily quota used up'
          : 'the service asked for a delay of more than ten minutes';
      return `${reason}, available ${formatMoment(new Date(availability.at), now)}`;
    }
  }
}

function createRows(model: QuotaStatus, { windowMs }: LimitsReport): string[][] {
  if (model.servedBy !== undefined) return [];
  const { limits, minute, day, underWay } = model;
  const perWindow = formatPerWindow(windowMs);
  const hasTokens = limits.tpm !== undefined || minute.tokens.used + minute.tokens.booked > 0;
  const usageRow = (label: string, kind: LimitKind, { used, booked: reserved }: UsageCount) =>
    createRow(label, limits[kind], [used, reserved]);
  return [
    usageRow(`requests ${perWindow}`, 'rpm', minute.requests),
    ...(hasTokens ? [usageRow(`input tokens ${perWindow}`, 'tpm', minute.tokens)] : []),
    usageRow('requests per day', 'rpd', day.requests),
    ...(limits.maxConcurrent ? [createRow('concurrent requests', limits.maxConcurrent, [underWay])] : []),
  ];
}

/** Formats the period of per-minute limits: `per minute`, or `per 20 s` if `rate_window_seconds` is set. */
export function formatPerWindow(windowMs: number): string {
  return windowMs === 60_000 ? 'per minute' : `per ${formatDuration(windowMs)}`;
}

function createRow(label: string, limit: LimitStatus | undefined, [used, reserved]: [number, number?]): string[] {
  return [
    `  ${label}`,
    formatLimit(limit),
    formatInteger(used),
    reserved === undefined ? '' : formatInteger(reserved),
    limit ? formatSource(limit) : '',
  ];
}

function formatLimit(limit: LimitStatus | undefined): string {
  if (!limit) return 'none';
  // `[budget]` may allow only a part of the full limit.
  const { value: allowed, fullLimit } = limit;
  return allowed === fullLimit ? formatInteger(allowed) : `${formatInteger(allowed)} of ${formatInteger(fullLimit)}`;
}

function formatSource({ source, learnedAt }: LimitStatus): string {
  return learnedAt === undefined ? source : `learned ${formatDateTime(new Date(learnedAt))}`;
}

function formatListItem([label = '', limit, used, reserved, source]: string[]): string[] {
  const usageText = reserved === '' ? `${used} used` : `${used} used, ${reserved} reserved`;
  return [`${label}: ${limit}`, `    ${usageText}`, ...(source ? [`    ${source}`] : [])];
}

/** Returns the document of `--format json`, with times in ISO 8601. */
export function toLimitsDocument({ storeLocation, tier, windowMs, now, models }: LimitsReport) {
  const { projectSource, ...location } = storeLocation;
  // In JSON, the store's location is named `book`, and the source of the project's name `projectIs`.
  const book = { ...location, projectIs: projectSource === 'settings' ? 'named' : projectSource };
  return { at: toIsoTime(now), book, tier, windowMs, models: models.map(toModelDocument) };
}

function toModelDocument(model: QuotaStatus) {
  // Some JSON fields have other names: `standsFor` for `servedBy`, `free` for `availability`, `whole` for `fullLimit`.
  if (model.servedBy !== undefined) return { model: model.model, standsFor: model.servedBy };
  const { limits, minute, day, underWay, availability }: ModelStatus = model;
  return {
    model: model.model,
    limits: toLimitsObject(limits),
    minute,
    day: { ...day, endsAt: toIsoTime(day.endsAt) },
    underWay,
    free: 'at' in availability ? { ...availability, at: toIsoTime(availability.at) } : availability,
  };
}

/** Returns limits as in the JSON documents, with times in ISO 8601. */
export function toLimitsObject(limits: ModelStatus['limits']) {
  const withTimes = Object.entries(limits).map(([kind, { value, fullLimit, source, learnedAt }]) => [
    kind,
    { value, whole: fullLimit, source, ...(learnedAt !== undefined && { learnedAt: toIsoTime(learnedAt) }) },
  ]);
  return Object.fromEntries(withTimes);
}
