import type { LimitKind } from '../../facts/limits.js';
import type { LimitStatus, ModelStatus } from '../../quota/status.js';
import type { Colors } from '../text/colors.js';
import { measureWidth, toDisplayLine } from '../text/display-line.js';
import { formatDateTime, formatDuration } from '../text/format.js';
import { fitsWidth, formatTable } from '../text/table.js';
import { toLimitsObject } from './limits-report.js';

/** The models that a service lists, or some of them. Times are milliseconds since the epoch. */
export interface ModelsReport {
  /** The service as `host:port`. */
  service: string;
  listedAt: number;
  now: number;
  tier: string;
  /** The length of the service's "minute". */
  windowMs: number;
  /** How many there are in all. */
  count: number;
  /** Those that were asked for, in the service's order. */
  models: readonly ListedModel[];
}

export interface ListedModel {
  name: string;
  displayName?: string;
  description?: string;
  /** The service's words for how it can be asked. */
  methods: readonly string[];
  /** How boticelli can ask it. */
  reach: { generate: boolean; stream: boolean; live: boolean };
  countsTokens: boolean;
  inputTokens?: number;
  outputTokens?: number;
  /** The day of its retirement, as in `2026-12-01`. */
  retires?: string;
  /** Whether that day has come: days are the earliest possible, and it is still listed. */
  isOverdue?: boolean;
  /** The limits that hold; absent where it can't be asked for replies. */
  limits?: ModelStatus['limits'];
  /** What it was found to stand for; the limits are that model's. */
  standsFor?: string;
}

interface DisplayOptions {
  colors: Colors;
  /** Absent where it is no terminal: then every model is one line, however long. */
  columns?: number;
}

/** The report as a person reads it: a table; in a terminal that is too narrow for it, long names have a line of their own. */
export function formatModels(report: ModelsReport, display: DisplayOptions): string[] {
  const { models } = report;
  const rows = models.map((model) => createRow(model, report));
  const table = models.length === 0 ? [] : formatModelTable(rows, display);
  const isGuessed = rows.some(({ quota }) => quota.includes('~'));
  return [
    ...formatIntro(report),
    ...(table.length > 0 ? ['', ...table] : []),
    ...(isGuessed ? ['', display.colors.dim('~ a built-in guess: boticelli limits has who says what')] : []),
  ];
}

function formatIntro({ service, listedAt, tier, count, models }: ModelsReport): string[] {
  const countText = models.length === count ? String(count) : `${models.length} of ${count}`;
  return [
    `Service: ${toDisplayLine(service)}`,
    `Listed: ${formatDateTime(new Date(listedAt))}, kept for a day (--refresh asks again)`,
    `Tier: ${toDisplayLine(tier)}`,
    `Models: ${countText}`,
  ];
}

interface Row {
  name: string;
  /** What stands beside the name. */
  cells: readonly string[];
  quota: string;
  note: string;
}

function createRow(model: ListedModel, report: ModelsReport): Row {
  const { name, inputTokens = '', outputTokens = '', limits = {} } = model;
  return {
    name: toDisplayLine(name),
    cells: [formatReach(model.reach), String(inputTokens), String(outputTokens)],
    quota: formatQuota(limits, report),
    note: formatNote(model),
  };
}

function formatReach({ generate, stream, live }: ListedModel['reach']): string {
  if (live) return generate ? 'also Live' : 'Live only';
  return [...(generate ? ['generate'] : []), ...(stream ? ['stream'] : [])].join(', ') || 'not here';
}

function formatQuota(limits: ModelStatus['limits'], { windowMs }: ModelsReport): string {
  const perWindow = windowMs === 60_000 ? '/min' : ` in ${formatDuration(windowMs)}`;
  const units: Record<LimitKind, string> = {
    rpm: perWindow,
    tpm: ` tokens${perWindow}`,
    rpd: '/day',
    maxConcurrent: ' at once',
  };
  const entries = Object.entries(limits) as [LimitKind, LimitStatus][];
  return entries
    .map(([kind, { value, source }]) => `${source === 'built-in' ? '~' : ''}${value}${units[kind]}`)
    .join(', ');
}

function formatNote({ standsFor, retires, isOverdue }: ListedModel): string {
  const notes = [
    ...(standsFor === undefined ? [] : [`stands for ${toDisplayLine(standsFor)}`]),
    ...(retires === undefined ? [] : [isOverdue ? `was to retire on ${retires}` : `retires on ${retires}`]),
  ];
  return notes.join(', ');
}

const headerRow: Row = { name: 'model', cells: ['reached by', 'input', 'output'], quota: 'quota', note: '' };
/** The columns of numbers. */
const numericColumns = [2, 3];
/** A narrower column is not worth having. */
const minNameWidth = 16;

function formatModelTable(rows: readonly Row[], { colors, columns }: DisplayOptions): string[] {
  const allRows = [headerRow, ...rows];
  const singleLineTable = formatTable(
    allRows.map(({ name, cells, quota, note }) => [name, ...cells, [quota, note].filter(Boolean).join('; ')]),
    numericColumns,
  );
  if (columns === undefined || fitsWidth(singleLineTable, columns)) return dimHeader(singleLineTable, colors);
  const otherColumns = formatTable(
    allRows.map(({ cells, quota }) => ['', ...cells, quota]),
    numericColumns,
  );
  const nameWidth = columns - Math.max(...otherColumns.map(measureWidth));
  if (nameWidth < minNameWidth) return rows.flatMap((row) => formatListItem(row, colors));
  const lines = allRows.flatMap((row, index) => formatFoldedRow(row, otherColumns[index] ?? '', nameWidth, colors));
  return dimHeader(lines, colors);
}

/** A row of the table on lines of its own: the name where it is too long for its column, and the note. */
function formatFoldedRow({ name, note }: Row, otherCells: string, nameWidth: number, colors: Colors): string[] {
  const nameFits = measureWidth(name) <= nameWidth;
  const space = ' '.repeat(nameFits ? nameWidth - measureWidth(name) : nameWidth);
  return [
    ...(nameFits ? [] : [name]),
    `${nameFits ? name : ''}${space}${otherCells}`.trimEnd(),
    ...(note === '' ? [] : [colors.dim(`  ${note}`)]),
  ];
}

function formatListItem({ name, cells: [reach, input, output], quota, note }: Row, colors: Colors): string[] {
  const tokens = [input && `${input} tokens in`, output && `${output} out`].filter(Boolean).join(', ');
  const lines = [reach, tokens, quota, note].filter((text) => text !== undefined && text !== '');
  return [colors.heading(name), ...lines.map((line) => `  ${line}`)];
}

function dimHeader([header = '', ...lines]: string[], colors: Colors): string[] {
  return [colors.dim(header), ...lines];
}

/** The document of `--format json`: times in ISO 8601, numbers as they are. */
export function toModelsDocument({ service, listedAt, now, tier, windowMs, count, models }: ModelsReport) {
  return {
    at: new Date(now).toISOString(),
    service,
    listedAt: new Date(listedAt).toISOString(),
    ...{ tier, windowMs, count },
    models: models.map(({ name, limits, isOverdue: _, ...rest }) => ({
      model: name,
      ...rest,
      ...(limits && { limits: toLimitsObject(limits) }),
    })),
  };
}
