import type { FirstRejection, ModelProbeResult } from '../../quota/probe-model.js';
import type { DisplayOptions } from '../text/colors.js';
import { formatDuration } from '../text/format.js';
import { getBilledOutput } from '../text/format-tokens.js';
import { toPrintableLine } from '../text/printable.js';
import { fitsWidth, formatTable } from '../text/table.js';

/**
 * Formats measurements with one column per model. If the table is too wide for the terminal, the models are listed one
 * below the other. Details that do not fit into a column follow.
 */
export function formatProbe(results: readonly ModelProbeResult[], { columns }: DisplayOptions): string[] {
  const labels = ['', ...rowFormatters.map(([label]) => label)];
  const cells = results.map((result) =>
    [result.model, ...rowFormatters.map(([, format]) => format(result))].map(toPrintableLine),
  );
  const formatColumns = (models: string[][]) =>
    formatTable(labels.map((label, row) => [label, ...models.map((cellsOfModel) => cellsOfModel[row] ?? '')]));
  const table = formatColumns(cells);
  const lines = fitsWidth(table, columns)
    ? table
    : cells.flatMap((modelCells, index) => [...(index > 0 ? [''] : []), ...formatColumns([modelCells])]);
  return [...lines, ...results.flatMap(formatNotes)];
}

const noValue = '–';

const rowFormatters: readonly [string, (result: ModelProbeResult) => string][] = [
  ['requests sent', ({ sent }) => String(sent)],
  ['replies', ({ succeeded }) => String(succeeded)],
  ['rejections', ({ refused }) => String(refused)],
  [
    'first rejection',
    ({ firstRefusal }) =>
      firstRefusal ? `request ${firstRefusal.request}, after ${formatDuration(firstRefusal.afterMs)}` : noValue,
  ],
  ['rejected by', ({ firstRefusal }) => (firstRefusal ? formatRejectingQuotas(firstRefusal) : noValue)],
  ['median latency', ({ latency }) => (latency ? formatDuration(latency.p50Ms) : noValue)],
  ['95th percentile', ({ latency }) => (latency ? formatDuration(latency.p95Ms) : noValue)],
  ['tokens in', ({ usage }) => String(usage.promptTokens ?? noValue)],
  ['tokens out', ({ usage }) => String(getBilledOutput(usage) ?? noValue)],
  ['ended after', ({ durationMs }) => formatDuration(durationMs)],
  ['end reason', ({ ended }) => endReasonTexts[ended]],
];

const endReasonTexts: Record<ModelProbeResult['ended'], string> = {
  running: 'still running',
  'all-sent': 'all requests sent',
  'day-used-up': 'daily quota used up',
  'refused-in-a-row': 'repeated rejections',
  failed: 'error',
  interrupted: 'interrupted',
};

function formatRejectingQuotas({ quotas }: FirstRejection): string {
  const limitTexts = quotas.map(({ limit, unit, per }) => {
    const unitText = per === 'unknown' ? unit : `${unit} per ${per}`;
    return limit === undefined ? unitText : `${limit} ${unitText}`;
  });
  return limitTexts.length === 0 ? 'not stated' : limitTexts.join(', ');
}

/** Formats the details that follow the table: the model that served the requests, the exceeded quotas and the error. */
function formatNotes({ model, servedBy, firstRefusal, failure }: ModelProbeResult): string[] {
  const ids = firstRefusal?.quotas.flatMap(({ quotaId = [] }) => quotaId) ?? [];
  return [
    ...(servedBy === undefined ? [] : [`${model} was served by ${servedBy}`]),
    ...(ids.length === 0 ? [] : [`a request to ${model} exceeded the quota ${ids.join(', ')}`]),
    ...(failure && failure.code !== 'interrupted' ? [`${model} failed: ${failure.message}`] : []),
  ].map(toPrintableLine);
}

/** Returns the document of `--format json`. */
export function toProbeDocument(results: readonly ModelProbeResult[]): { models: Omit<ModelProbeResult, 'failure'>[] } {
  return { models: results.map(({ failure: _, ...result }) => result) };
}
