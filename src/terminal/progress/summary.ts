import type { RunReport } from '../../executor/event.js';
import type { Paint } from '../text/colors.js';
import { counted, duration } from '../text/format.js';
import { printableLine } from '../text/printable.js';
import { aligned } from '../text/table.js';
import { wrapped } from '../text/wrap.js';

/** A narrative that is over, and what it is called. */
export interface EndedRun {
  name: string;
  report: RunReport;
}

export interface SummaryOptions {
  paint: Paint;
  /** The width of the terminal, where it is one. */
  columns?: number | undefined;
}

/** What became of several narratives: a line that counts them, and one of each. */
export function summaryLines(ended: readonly EndedRun[], { paint, columns }: SummaryOptions): string[] {
  const counts = (['completed', 'failed', 'interrupted'] as const)
    .map((status) => [ended.filter(({ report }) => report.status === status).length, status] as const)
    .filter(([count]) => count > 0)
    .map(([count, status]) => `${count} ${status}`);
  const rows = aligned(ended.map(({ name, report }) => [printableLine(name), report.status, outcomeOf(report)]));
  const broken = (line: string) => (columns ? wrapped(line, columns) : line);
  return [
    paint.heading(broken(`${counted(ended.length, 'narrative')}: ${counts.join(', ')}`)),
    ...rows.map((row, at) => {
      const isWell = ended[at]?.report.status === 'completed';
      return paint[isWell ? 'dim' : 'warning'](broken(`  ${row}`));
    }),
  ];
}

function outcomeOf({ acts, usage, durationMs, error }: RunReport): string {
  const done = `${counted(acts.length, 'act')}, ${counted(usage.totalTokens, 'token')}, ${duration(durationMs)}`;
  if (!error) return done;
  const where = error.act === undefined ? '' : `${error.act}: `;
  return printableLine(`${where}${error.message}`);
}
