import type { LimitKind } from '../../quota/limits.js';
import type { SurveyedLimit, SurveyedModel } from '../../quota/status.js';
import type { Paint } from '../text/colors.js';
import { dateAndTime, duration } from '../text/format.js';
import { aligned, fits } from '../text/table.js';
import { columnsOf, visible } from '../text/visible.js';
import { limitsWithTimes } from './limits.js';

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
  limits?: SurveyedModel['limits'];
  /** What it was found to stand for; the limits are that model's. */
  standsFor?: string;
}

interface Looks {
  paint: Paint;
  /** Absent where it is no terminal: then every model is one line, however long. */
  columns?: number;
}

/** The report as a person reads it: a table; in a terminal that is too narrow for it, long names have a line of their own. */
export function modelsLines(report: ModelsReport, looks: Looks): string[] {
  const { models } = report;
  const rows = models.map((model) => rowOf(model, report));
  const table = models.length === 0 ? [] : tableLines(rows, looks);
  const isGuessed = rows.some(({ quota }) => quota.includes('~'));
  return [
    ...introLines(report),
    ...(table.length > 0 ? ['', ...table] : []),
    ...(isGuessed ? ['', looks.paint.dim('~ a built-in guess: boticelli limits has who says what')] : []),
  ];
}

function introLines({ service, listedAt, tier, count, models }: ModelsReport): string[] {
  const which = models.length === count ? String(count) : `${models.length} of ${count}`;
  return [
    `Service: ${visible(service)}`,
    `Listed: ${dateAndTime(new Date(listedAt))}, kept for a day (--refresh asks again)`,
    `Tier: ${visible(tier)}`,
    `Models: ${which}`,
  ];
}

interface Row {
  name: string;
  /** What stands beside the name. */
  cells: readonly string[];
  quota: string;
  note: string;
}

function rowOf(model: ListedModel, report: ModelsReport): Row {
  const { name, inputTokens = '', outputTokens = '', limits = {} } = model;
  return {
    name: visible(name),
    cells: [reachWords(model.reach), String(inputTokens), String(outputTokens)],
    quota: quotaWords(limits, report),
    note: noteOf(model),
  };
}

function reachWords({ generate, stream, live }: ListedModel['reach']): string {
  if (live) return generate ? 'also Live' : 'Live only';
  return [...(generate ? ['generate'] : []), ...(stream ? ['stream'] : [])].join(', ') || 'not here';
}

function quotaWords(limits: SurveyedModel['limits'], { windowMs }: ModelsReport): string {
  const each = windowMs === 60_000 ? '/min' : ` in ${duration(windowMs)}`;
  const units: Record<LimitKind, string> = {
    rpm: each,
    tpm: ` tokens${each}`,
    rpd: '/day',
    maxConcurrent: ' at once',
  };
  const words = Object.entries(limits) as [LimitKind, SurveyedLimit][];
  return words
    .map(([kind, { value, source }]) => `${source === 'built-in' ? '~' : ''}${value}${units[kind]}`)
    .join(', ');
}

function noteOf({ standsFor, retires, isOverdue }: ListedModel): string {
  const notes = [
    ...(standsFor === undefined ? [] : [`stands for ${visible(standsFor)}`]),
    ...(retires === undefined ? [] : [isOverdue ? `was to retire on ${retires}` : `retires on ${retires}`]),
  ];
  return notes.join(', ');
}

const head: Row = { name: 'model', cells: ['reached by', 'input', 'output'], quota: 'quota', note: '' };
/** The columns of numbers. */
const numbers = [2, 3];
/** A narrower column is not worth having. */
const narrowestName = 16;

function tableLines(rows: readonly Row[], { paint, columns }: Looks): string[] {
  const all = [head, ...rows];
  const oneLineEach = aligned(
    all.map(({ name, cells, quota, note }) => [name, ...cells, [quota, note].filter(Boolean).join('; ')]),
    numbers,
  );
  if (columns === undefined || fits(oneLineEach, columns)) return withHead(oneLineEach, paint);
  const others = aligned(
    all.map(({ cells, quota }) => ['', ...cells, quota]),
    numbers,
  );
  const room = columns - Math.max(...others.map(columnsOf));
  if (room < narrowestName) return rows.flatMap((row) => listed(row, paint));
  const lines = all.flatMap((row, at) => folded(row, others[at] ?? '', room, paint));
  return withHead(lines, paint);
}

/** A row of the table on lines of its own: the name where it is too long for its column, and the note. */
function folded({ name, note }: Row, rest: string, room: number, paint: Paint): string[] {
  const nameFits = columnsOf(name) <= room;
  const space = ' '.repeat(nameFits ? room - columnsOf(name) : room);
  return [
    ...(nameFits ? [] : [name]),
    `${nameFits ? name : ''}${space}${rest}`.trimEnd(),
    ...(note === '' ? [] : [paint.dim(`  ${note}`)]),
  ];
}

function listed({ name, cells: [reach, input, output], quota, note }: Row, paint: Paint): string[] {
  const tokens = [input && `${input} tokens in`, output && `${output} out`].filter(Boolean).join(', ');
  const lines = [reach, tokens, quota, note].filter((text) => text !== undefined && text !== '');
  return [paint.heading(name), ...lines.map((line) => `  ${line}`)];
}

function withHead([first = '', ...rest]: string[], paint: Paint): string[] {
  return [paint.dim(first), ...rest];
}

/** The document of `--format json`: times in ISO 8601, numbers as they are. */
export function modelsDocument({ service, listedAt, now, tier, windowMs, count, models }: ModelsReport) {
  return {
    at: new Date(now).toISOString(),
    service,
    listedAt: new Date(listedAt).toISOString(),
    ...{ tier, windowMs, count },
    models: models.map(({ name, limits, isOverdue: _, ...rest }) => ({
      model: name,
      ...rest,
      ...(limits && { limits: limitsWithTimes(limits) }),
    })),
  };
}
