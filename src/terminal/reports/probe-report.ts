import type { FirstRejection, ModelProbeResult } from '../../quota/probe-model.js';
import { formatDuration } from '../text/format.js';
import { toPrintableLine } from '../text/printable.js';
import { fitsWidth, formatTable } from '../text/table.js';

/** What was measured, a column a model; one below the other where that is too wide for the terminal. */
export function formatProbe(results: readonly ModelProbeResult[], { columns }: { columns?: number } = {}): string[] {
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
  ['refusals', ({ refused }) => String(refused)],
  ['first refusal', ({ firstRefusal }) => (firstRefusal ? formatFirstRejection(firstRefusal) : noValue)],
  ['refused by', ({ firstRefusal }) => (firstRefusal ? formatRejectingQuotas(firstRefusal) : noValue)],
  ['half took up to', ({ latency }) => (latency ? formatDuration(latency.p50Ms) : noValue)],
  ['95% took up to', ({ latency }) => (latency ? formatDuration(latency.p95Ms) : noValue)],
  ['tokens in', ({ usage }) => String(usage.promptTokens)],
  ['tokens out', ({ usage }) => String(usage.outputTokens + usage.thoughtTokens)],
  ['ended after', ({ durationMs }) => formatDuration(durationMs)],
  ['because', ({ ended }) => endReasonTexts[ended]],
];

const endReasonTexts: Record<ModelProbeResult['ended'], string> = {
  running: 'not yet',
  'all-sent': 'all were sent',
  'day-used-up': 'the day is used up',
  'refused-in-a-row': 'refusals in a row',
  failed: 'an error',
  interrupted: 'interrupted',
};

function formatFirstRejection({ request, afterMs }: FirstRejection): string {
  return `request ${request}, at ${formatDuration(afterMs)}`;
}

function formatRejectingQuotas({ quotas }: FirstRejection): string {
  const limitTexts = quotas.map(({ limit, unit, per }) => {
    const unitText = per === 'unknown' ? unit : `${unit} a ${per}`;
    return limit === undefined ? unitText : `${limit} ${unitText}`;
  });
  return limitTexts.length === 0 ? 'it did not say' : limitTexts.join(', ');
}

/** What needs a line of its own. */
function formatNotes({ model, servedBy, firstRefusal, failure }: ModelProbeResult): string[] {
  const ids = firstRefusal?.quotas.flatMap(({ quotaId = [] }) => quotaId) ?? [];
  return [
    ...(servedBy === undefined ? [] : [`${model} was served by ${servedBy}`]),
    ...(ids.length === 0 ? [] : [`${model} was refused by ${ids.join(', ')}`]),
    ...(failure && failure.code !== 'interrupted' ? [`${model} failed: ${failure.message}`] : []),
  ].map(toPrintableLine);
}

/** The document of `--format json`. */
export function toProbeDocument(results: readonly ModelProbeResult[]): { models: Omit<ModelProbeResult, 'failure'>[] } {
  return { models: results.map(({ failure: _, ...result }) => result) };
}
