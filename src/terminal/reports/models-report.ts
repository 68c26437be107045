import type { LimitKind } from '../../facts/limits.js';
import type { Price } from '../../facts/prices.js';
import type { LimitStatus, ModelStatus } from '../../quota/status.js';
import type { Colors, DisplayOptions } from '../text/colors.js';
import { formatDateTime, formatDuration, formatInteger, toIsoTime } from '../text/format.js';
import { formatPrice } from '../text/format-price.js';
import { escapeUnmeasurable, measureWidth } from '../text/printable.js';
import { fitsWidth, formatTable } from '../text/table.js';
import { wrapText } from '../text/wrap.js';
import { toLimitsObject } from './limits-report.js';

/** Models of a service. Times are milliseconds since the epoch. */
export interface ModelsReport {
  /** The service as `host:port`. */
  service: string;
  listedAt: number;
  now: number;
  tier: string;
  /** The period to which per-minute limits apply: a minute, unless `rate_window_seconds` is set. */
  windowMs: number;
  /** The number of all models of the service, whether selected or not. */
  count: number;
  /** The selected models, in the service's order. */
  models: readonly ListedModel[];
}

/** A model of the list, with what is known about it. */
export interface ListedModel {
  name: string;
  displayName?: string;
  description?: string;
  /** The service's names of the methods that the model supports. */
  methods: readonly string[];
  /** The ways in which boticelli can use the model: REST calls, REST streams, and Live sessions. */
  apis: { generate: boolean; stream: boolean; live: boolean };
  /** Whether the model supports `countTokens`. */
  countsTokens: boolean;
  inputTokens?: number;
  outputTokens?: number;
  /** The earliest date of retirement, as in `2026-12-01`. */
  retires?: string;
  /** Whether the date in `retires` has passed although the model is still listed. */
  isOverdue?: boolean;
  /** The effective limits. Absent if the model can't generate replies. */
  limits?: ModelStatus['limits'];
  /** The price now, in US dollars per million tokens on the paid tiers; absent if unknown. */
  price?: Price;
  /** The accepted levels of thinking. Empty if the model accepts only a number of tokens, absent if unknown. */
  thinkingLevels?: readonly string[];
  defaultThinkingLevel?: string;
  /** The tokens of a reply that one request can return, for a model whose replies can take several requests. */
  maxTokensPerRequest?: { streamed: number; unary: number };
  /** For an alias: the model that serves its requests. The limits are those of the serving model. */
  servedBy?: string;
}

/**
 * Formats the report as a table. On a narrow terminal, notes and long names are on lines of their own. On a very narrow
 * terminal, the report is a list instead.
 */
export function formatModels(report: ModelsReport, display: DisplayOptions): string[] {
  const { models } = report;
  const rows = models.map((model) => createRow(model, report));
  const table = models.length === 0 ? [] : formatModelTable(rows, display);
  const isGuessed = rows.some(({ quota }) => quota.includes('~'));
  return [
    ...formatIntro(report),
    ...(table.length > 0 ? ['', ...table] : []),
    ...(models.some(({ price }) => price)
      ? ['', display.colors.dim('prices are US dollars per million tokens on the paid tiers')]
      : []),
    ...(isGuessed ? ['', display.colors.dim('~ built-in guess; boticelli limits shows the source of each limit')] : []),
  ];
}

function formatIntro({ service, listedAt, tier, count, models }: ModelsReport): string[] {
  const countText = models.length === count ? String(count) : `${models.length} of ${count}`;
  return [
    `Service: ${escapeUnmeasurable(service)}`,
    `Listed: ${formatDateTime(new Date(listedAt))}, cached for a day (--refresh updates it)`,
    `Tier: ${escapeUnmeasurable(tier)}`,
    `Models: ${countText}`,
  ];
}

interface Row {
  name: string;
  /** The cells after the name: the APIs, and the limits of input and output tokens. */
  cells: readonly string[];
  quota: string;
  note: string;
}

function createRow(model: ListedModel, report: ModelsReport): Row {
  const { name, apis, inputTokens, outputTokens, limits = {} } = model;
  const tokens = [inputTokens, outputTokens].map((count) => (count === undefined ? '' : formatInteger(count)));
  const cells = [formatSupportedApis(apis), ...tokens];
  return { name: escapeUnmeasurable(name), cells, quota: formatQuota(limits, report), note: formatNote(model) };
}

function formatSupportedApis({ generate, stream, live }: ListedModel['apis']): string {
  if (live) return generate ? 'REST and Live' : 'Live only';
  return [...(generate ? ['generate'] : []), ...(stream ? ['stream'] : [])].join(', ') || 'not supported';
}

function formatQuota(limits: ModelStatus['limits'], { windowMs }: ModelsReport): string {
  const perWindow = windowMs === 60_000 ? '/min' : ` per ${formatDuration(windowMs)}`;
  const units = { rpm: perWindow, tpm: ` tokens${perWindow}`, rpd: '/day', maxConcurrent: ' concurrent' };
  const entries = Object.entries(limits) as [LimitKind, LimitStatus][];
  const texts = entries.map(
    ([kind, { value, source }]) => `${source === 'built-in' ? '~' : ''}${formatInteger(value)}${units[kind]}`,
  );
  return texts.join(', ');
}

function formatNote(model: ListedModel): string {
  const { servedBy, retires, isOverdue, price, maxTokensPerRequest } = model;
  const notes = servedBy === undefined ? [] : [`alias of ${escapeUnmeasurable(servedBy)}`];
  if (retires !== undefined) notes.push(isOverdue ? `retirement was due on ${retires}` : `retires on ${retires}`);
  if (price) notes.push(formatPrice(price));
  notes.push(...formatThinking(model));
  if (maxTokensPerRequest) notes.push(`${formatInteger(maxTokensPerRequest.streamed)} tokens per request`);
  return notes.join('; ');
}

function formatThinking({ thinkingLevels, defaultThinkingLevel }: ListedModel): string[] {
  if (!thinkingLevels) return [];
  if (thinkingLevels.length === 0) return ['thinking by number of tokens'];
  const names = thinkingLevels.map((level) => (level === defaultThinkingLevel ? `${level} (default)` : level));
  return [`thinking ${names.join(', ')}`];
}

const headerRow: Row = { name: 'model', cells: ['API', 'input', 'output'], quota: 'limits', note: '' };
/** The columns with numbers. */
const numericColumns = [2, 3];
/** If the name column would be narrower than this, the report becomes a list. */
const minNameWidth = 16;

function formatModelTable(rows: readonly Row[], { colors, columns }: DisplayOptions): string[] {
  const allRows = [headerRow, ...rows];
  const toCells = ({ name, cells, quota, note }: Row) => [name, ...cells, [quota, note].filter(Boolean).join('; ')];
  const singleLineTable = formatTable(allRows.map(toCells), numericColumns);
  if (columns === undefined || fitsWidth(singleLineTable, columns)) return dimHeader(singleLineTable, colors);
  const rowsWithoutNames = allRows.map(({ cells, quota }) => ['', ...cells, quota]);
  const linesWithoutNames = formatTable(rowsWithoutNames, numericColumns);
  const nameWidth = columns - Math.max(...linesWithoutNames.map(measureWidth));
  if (nameWidth < minNameWidth) return rows.flatMap((row) => formatListItem(row, columns, colors));
  const lines = allRows.flatMap((row, index) =>
    formatFoldedRow(row, linesWithoutNames[index] ?? '', { nameWidth, columns, colors }),
  );
  return dimHeader(lines, colors);
}

/** Formats a row on several lines. The note is on its own line, and so is a name that is too long for its column. */
function formatFoldedRow(
  { name, note }: Row,
  lineWithoutName: string,
  { nameWidth, columns, colors }: { nameWidth: number; columns: number; colors: Colors },
): string[] {
  const nameFits = measureWidth(name) <= nameWidth;
  const space = ' '.repeat(nameFits ? nameWidth - measureWidth(name) : nameWidth);
  return [
    ...(nameFits ? [] : [name]),
    `${nameFits ? name : ''}${space}${lineWithoutName}`.trimEnd(),
    ...wrapNote(note, columns).map((line) => colors.dim(line)),
  ];
}

/** Wraps a note to the width of the terminal, and indents it. */
function wrapNote(note: string, columns: number): string[] {
  if (note === '') return [];
  const lines = wrapText(note, Math.max(1, columns - 2)).split('\n');
  return lines.map((line) => `  ${line}`);
}

function formatListItem(
  { name, cells: [apis, input, output], quota, note }: Row,
  columns: number,
  colors: Colors,
): string[] {
  const tokens = [input && `${input} tokens in`, output && `${output} out`].filter(Boolean).join(', ');
  const lines = [apis, tokens, quota].filter((text) => text !== undefined && text !== '');
  return [colors.heading(name), ...lines.map((line) => `  ${line}`), ...wrapNote(note, columns)];
}

function dimHeader([header = '', ...lines]: string[], colors: Colors): string[] {
  return [colors.dim(header), ...lines];
}

/** Returns the document of `--format json`, with times in ISO 8601. */
export function toModelsDocument({ service, listedAt, now, tier, windowMs, count, models }: ModelsReport) {
  return {
    at: toIsoTime(now),
    service,
    listedAt: toIsoTime(listedAt),
    ...{ tier, windowMs, count },
    // The JSON names of `apis` and `servedBy` are `reach` and `standsFor`.
    models: models.map(({ name, apis, limits, servedBy, isOverdue: _, ...rest }) => ({
      model: name,
      reach: apis,
      ...rest,
      ...(servedBy !== undefined && { standsFor: servedBy }),
      ...(limits && { limits: toLimitsObject(limits) }),
    })),
  };
}
