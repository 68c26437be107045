import type { RunReport } from '../../executor/narrative-events.js';
import type { Colors } from '../text/colors.js';
import { formatCount, formatDuration } from '../text/format.js';
import { toPrintableLine } from '../text/printable.js';
import { formatTable } from '../text/table.js';
import { wrapText } from '../text/wrap.js';

/** A narrative that is over, and what it is called. */
export interface FinishedRun {
  name: string;
  report: RunReport;
}

export interface SummaryOptions {
  colors: Colors;
  /** The width of the terminal, where it is one. */
  columns?: number | undefined;
}

/** What became of several narratives: a line that counts them, and one of each. */
export function formatSummary(runs: readonly FinishedRun[], { colors, columns }: SummaryOptions): string[] {
  const counts = (['completed', 'failed', 'interrupted'] as const)
    .map((status) => [runs.filter(({ report }) => report.status === status).length, status] as const)
    .filter(([count]) => count > 0)
    .map(([count, status]) => `${count} ${status}`);
  const rows = formatTable(
    runs.map(({ name, report }) => [toPrintableLine(name), report.status, formatOutcome(report)]),
  );
  const wrap = (line: string) => (columns ? wrapText(line, columns) : line);
  return [
    colors.heading(wrap(`${formatCount(runs.length, 'narrative')}: ${counts.join(', ')}`)),
    ...rows.map((row, index) => {
      const isCompleted = runs[index]?.report.status === 'completed';
      return colors[isCompleted ? 'dim' : 'warning'](wrap(`  ${row}`));
    }),
  ];
}

function formatOutcome({ acts, usage, durationMs, error }: RunReport): string {
  const totals = `${formatCount(acts.length, 'act')}, ${formatCount(usage.totalTokens, 'token')}, ${formatDuration(durationMs)}`;
  if (!error) return totals;
  const actPrefix = error.act === undefined ? '' : `${error.act}: `;
  return toPrintableLine(`${actPrefix}${error.message}`);
}
