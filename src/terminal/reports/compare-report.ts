import type { Usage } from '../../driver/response.js';
import type { RecordedRun } from '../../store/runs/recorded-run.js';
import { minReportedWaitMs } from '../progress/format-events.js';
import type { DisplayOptions } from '../text/colors.js';
import { formatDuration, formatInteger, formatUsd } from '../text/format.js';
import { formatParameters } from '../text/format-parameters.js';
import { getBilledOutput } from '../text/format-tokens.js';
import { escapeMarkdown } from '../text/markdown.js';
import { escapeUnmeasurable } from '../text/printable.js';
import { formatTable } from '../text/table.js';

/** A comparison of runs. It is also the document of `--format json`. */
export interface Comparison {
  runs: readonly ComparedRun[];
  /**
   * The acts of all runs, by name. If a run has several acts of one name, the first entry of this name compares the
   * first act of each run, the second entry the second act, and so on.
   */
  acts: readonly { act: string; runs: readonly ComparedAct[] }[];
}

/** A run, with the letter that stands for it. */
export type ComparedRun = { label: string } & Pick<
  RecordedRun,
  | ('run' | 'narrative' | 'startedAt' | 'status' | 'source' | 'rowLabel' | 'matrix' | 'matrixLabel' | 'vars')
  | ('actsEnded' | 'actCount' | 'attempts' | 'usage' | 'costUsd' | 'durationMs' | 'waitMs')
>;

/** An act in one run. Of an act that failed or is not part of the run, only the label and the status are known. */
export interface ComparedAct {
  /** The letter of the run. */
  label: string;
  status: 'completed' | 'no reply' | 'absent';
  model?: string;
  requestedModel?: string;
  parameters?: Readonly<Record<string, unknown>>;
  usage?: Usage;
  costUsd?: number | undefined;
  durationMs?: number;
  waitMs?: number;
  /** The number of words of the reply. */
  words?: number;
  /** How the reply differs from the reply of the first run that has one for this act. Absent in that first run. */
  difference?: ReplyDifference;
}

/** How a reply differs from another one. */
export interface ReplyDifference {
  /** The label of the run with the other reply. */
  from: string;
  isEqual: boolean;
  /** How many words were added and removed. Absent if the replies have too little in common. */
  added?: number;
  removed?: number;
  /** The first differences, in the format of `git diff --word-diff`; if little is in common, the beginnings of both. */
  excerpt: string;
}

/** A table with a column for each run. */
interface FigureTable {
  title: string;
  rows: { name: string; cells: string[] }[];
}

/**
 * Formats a comparison: the runs with their letters, a table of all acts together, a table of each act, and the
 * differences.
 */
export function formatComparison(comparison: Comparison, { colors }: DisplayOptions): string[] {
  const { runs } = comparison;
  const legend = formatTable(runs.map((run) => [run.label, ...describeRun(run)].map(escapeUnmeasurable)));
  const tables = createTables(comparison);
  const rows = tables.flatMap(({ title, rows }) => [
    [title, ...runs.map(({ label }) => label)],
    ...rows.map(({ name, cells }) => [`  ${name}`, ...cells]),
  ]);
  // All tables are formatted as one, so that their columns are aligned.
  const lines = formatTable(rows.map((row) => row.map(escapeUnmeasurable)));
  const headingIndexes = new Set(tables.map((_, index) => countRows(tables.slice(0, index))));
  return [
    ...legend,
    ...lines.flatMap((line, index) => (headingIndexes.has(index) ? ['', colors.heading(line)] : [line])),
    ...listDifferences(comparison).flatMap(({ title, excerpt }) => [
      '',
      colors.heading(escapeUnmeasurable(title)),
      excerpt,
    ]),
  ];
}

function countRows(tables: readonly FigureTable[]): number {
  return tables.reduce((sum, { rows }) => sum + rows.length + 1, 0);
}

/** Renders a comparison as Markdown, with the same figures as `formatComparison`. */
export function renderComparisonMarkdown(comparison: Comparison): string {
  const { runs } = comparison;
  const labels = runs.map(({ label }) => label);
  const toRow = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const legend = runs.map((run) => `- ${run.label}: ${describeRun(run).map(escapeMarkdown).join(' · ')}`);
  const tables = createTables(comparison).map(({ title, rows }) =>
    [
      `## ${escapeMarkdown(title)}\n`,
      toRow(['', ...labels]),
      toRow(['---', ...labels.map(() => '---')]),
      ...rows.map(({ name, cells }) => toRow([name, ...cells.map(escapeMarkdown)])),
    ].join('\n'),
  );
  const differences = listDifferences(comparison).map(
    ({ title, excerpt }) => `### ${escapeMarkdown(title)}\n\n${escapeMarkdown(excerpt)}`,
  );
  return `${['# Comparison', legend.join('\n'), ...tables, ...differences].join('\n\n')}\n`;
}

function describeRun(run: ComparedRun): string[] {
  const { run: id, narrative, source, rowLabel, matrixLabel, vars = {}, status } = run;
  const assignments = Object.entries(vars).map(([name, value]) => `${name}=${value}`);
  const details = [source, rowLabel, matrixLabel, ...assignments].filter((detail) => detail !== undefined);
  return [id, narrative, status, ...(details.length > 0 ? [details.join(' ')] : [])];
}

function createTables({ runs, acts }: Comparison): FigureTable[] {
  const total: FigureTable = {
    title: 'all acts',
    rows: [
      {
        name: 'acts',
        cells: runs.map(({ actsEnded, actCount }) => `${formatInteger(actsEnded)}/${formatInteger(actCount)}`),
      },
      ...createUsageRows(runs),
    ],
  };
  return [total, ...acts.map(({ act, runs: actsByRun }) => ({ title: act, rows: createActRows(actsByRun) }))];
}

function createActRows(acts: readonly ComparedAct[]): FigureTable['rows'] {
  type GetCell = (act: ComparedAct) => string | undefined;
  const createRow = (name: string, getCell: GetCell) => ({
    name,
    cells: acts.map((act) => (act.status === 'completed' ? (getCell(act) ?? '') : act.status)),
  });
  const createOptionalRow = (name: string, getCell: GetCell) =>
    acts.some((act) => act.status === 'completed' && getCell(act)) ? [createRow(name, getCell)] : [];
  return [
    createRow('model', ({ model, requestedModel }) =>
      model === requestedModel ? model : `${model} (asked for ${requestedModel})`,
    ),
    ...createOptionalRow('parameters', ({ parameters }) => parameters && formatParameters(parameters).join(', ')),
    ...createUsageRows(acts),
    ...createOptionalRow('words', ({ words }) => formatOptional(words)),
    ...createOptionalRow('changed words', ({ difference }) => difference && formatChange(difference)),
  ].filter(({ cells }) => cells.some((cell) => cell !== ''));
}

/** Creates the rows that the table of all acts and those of single acts have in common. Empty rows are left out. */
function createUsageRows(
  figures: readonly Pick<ComparedAct, 'usage' | 'costUsd' | 'durationMs' | 'waitMs'>[],
): FigureTable['rows'] {
  return [
    { name: 'tokens in', cells: figures.map(({ usage }) => formatOptional(usage?.promptTokens)) },
    { name: 'tokens out', cells: figures.map(({ usage = {} }) => formatOptional(getBilledOutput(usage))) },
    { name: 'cost', cells: figures.map(({ costUsd }) => (costUsd === undefined ? '' : formatUsd(costUsd))) },
    {
      name: 'time',
      cells: figures.map(({ durationMs }) => (durationMs === undefined ? '' : formatDuration(durationMs))),
    },
    {
      name: 'waited',
      cells: figures.map(({ waitMs = 0 }) => (waitMs < minReportedWaitMs ? '' : formatDuration(waitMs))),
    },
  ].filter(({ cells }) => cells.some((cell) => cell !== ''));
}

function formatOptional(count: number | undefined): string {
  return count === undefined ? '' : formatInteger(count);
}

/**
 * Formats how many words changed: `same as A`, `+3 -1`, or `most` if the replies have too little in common to count.
 */
function formatChange({ from, isEqual, added, removed }: ReplyDifference): string {
  if (isEqual) return `same as ${from}`;
  return added === undefined ? 'most' : `+${formatInteger(added)} -${formatInteger(removed ?? 0)}`;
}

function listDifferences({ acts }: Comparison): { title: string; excerpt: string }[] {
  return acts.flatMap(({ act, runs }) =>
    runs.flatMap(({ label, difference }) =>
      !difference || difference.isEqual
        ? []
        : [
            {
              title: `${act}: ${label} compared with ${difference.from}`,
              excerpt: escapeUnmeasurable(difference.excerpt),
            },
          ],
    ),
  );
}
