import type { FirstRefusal, Series } from '../../quota/probe.js';
import { duration } from '../text/format.js';
import { printableLine } from '../text/printable.js';
import { aligned, fits } from '../text/table.js';

/** What was measured, a column a model; one below the other where that is too wide for the terminal. */
export function probeLines(all: readonly Series[], { columns }: { columns?: number } = {}): string[] {
  const labels = ['', ...rows.map(([label]) => label)];
  const cells = all.map((series) => [series.model, ...rows.map(([, words]) => words(series))].map(printableLine));
  const sideBySide = (models: string[][]) =>
    aligned(labels.map((label, row) => [label, ...models.map((each) => each[row] ?? '')]));
  const table = sideBySide(cells);
  const shown = fits(table, columns)
    ? table
    : cells.flatMap((model, at) => [...(at > 0 ? [''] : []), ...sideBySide([model])]);
  return [...shown, ...all.flatMap(notes)];
}

const none = '–';

const rows: readonly [string, (series: Series) => string][] = [
  ['requests sent', ({ sent }) => String(sent)],
  ['replies', ({ succeeded }) => String(succeeded)],
  ['refusals', ({ refused }) => String(refused)],
  ['first refusal', ({ firstRefusal }) => (firstRefusal ? placeOf(firstRefusal) : none)],
  ['refused by', ({ firstRefusal }) => (firstRefusal ? quotaOf(firstRefusal) : none)],
  ['half took up to', ({ latency }) => (latency ? duration(latency.p50Ms) : none)],
  ['95% took up to', ({ latency }) => (latency ? duration(latency.p95Ms) : none)],
  ['tokens in', ({ usage }) => String(usage.promptTokens)],
  ['tokens out', ({ usage }) => String(usage.outputTokens + usage.thoughtTokens)],
  ['ended after', ({ durationMs }) => duration(durationMs)],
  ['because', ({ ended }) => because[ended]],
];

const because: Record<Series['ended'], string> = {
  running: 'not yet',
  'all-sent': 'all were sent',
  'day-used-up': 'the day is used up',
  'refused-in-a-row': 'refusals in a row',
  failed: 'an error',
  interrupted: 'interrupted',
};

function placeOf({ request, afterMs }: FirstRefusal): string {
  return `request ${request}, at ${duration(afterMs)}`;
}

function quotaOf({ quotas }: FirstRefusal): string {
  const words = quotas.map(({ limit, unit, per }) => {
    const what = per === 'unknown' ? unit : `${unit} a ${per}`;
    return limit === undefined ? what : `${limit} ${what}`;
  });
  return words.length === 0 ? 'it did not say' : words.join(', ');
}

/** What needs a line of its own. */
function notes({ model, servedBy, firstRefusal, failure }: Series): string[] {
  const ids = firstRefusal?.quotas.flatMap(({ quotaId = [] }) => quotaId) ?? [];
  return [
    ...(servedBy === undefined ? [] : [`${model} was served by ${servedBy}`]),
    ...(ids.length === 0 ? [] : [`${model} was refused by ${ids.join(', ')}`]),
    ...(failure && failure.code !== 'interrupted' ? [`${model} failed: ${failure.message}`] : []),
  ].map(printableLine);
}

/** The document of `--format json`. */
export function probeDocument(all: readonly Series[]): { models: Omit<Series, 'failure'>[] } {
  return { models: all.map(({ failure: _, ...series }) => series) };
}
