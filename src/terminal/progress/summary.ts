import type { RunReport } from '../../executor/narrative-events.js';
import { formatErrorMessage } from '../diagnostics/format-error.js';
import type { DisplayOptions } from '../text/colors.js';
import { formatCount, formatDuration } from '../text/format.js';
import { formatTotalTokens } from '../text/format-tokens.js';
import { toPrintableLine } from '../text/printable.js';
import { formatTable } from '../text/table.js';
import { wrapText } from '../text/wrap.js';

/** The report of a finished narrative, with the narrative's name. */
export interface FinishedRun {
  name: string;
  report: RunReport;
}

/** Formats the summary of several narratives: a line with counts, then a line for each narrative. */
export function formatSummary(runs: readonly FinishedRun[], { colors, columns }: DisplayOptions): string[] {
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
  if (error) return toPrintableLine(formatErrorMessage(error));
  return `${formatCount(acts.length, 'act')}, ${formatTotalTokens(usage)}, ${formatDuration(durationMs)}`;
}
