import type { RecordedRun } from '../../store/runs/read-runs.js';
import type { Colors } from '../text/colors.js';
import { formatCount, formatUsd } from '../text/format.js';
import { toDisplayLine } from '../text/printable.js';
import { fitsWidth, formatTable } from '../text/table.js';

/** Options for showing a list of runs. */
export interface FormatRunListOptions {
  /** The number of all runs. */
  total: number;
  colors: Colors;
  /** The width of the terminal, if it is one. Longer names are truncated. */
  columns?: number;
}

/** Formats runs as a table. */
export function formatRunList(
  runs: readonly RecordedRun[],
  { total, colors, columns }: FormatRunListOptions,
): string[] {
  if (runs.length === 0) return ['No runs yet.'];
  const renderTable = (maxNameLength: number) =>
    formatRunTable([headerCells, ...runs.map((run) => createRow(run, maxNameLength))]);
  const longestNameLength = Math.max(...runs.map(({ narrative }) => narrative.length));
  let [headerLine = '', ...lines] = renderTable(longestNameLength);
  for (let maxLength = longestNameLength; maxLength > 8 && !fitsWidth([headerLine, ...lines], columns); maxLength -= 1)
    [headerLine = '', ...lines] = renderTable(maxLength - 1);
  const hiddenCount = total - runs.length;
  return [
    colors.dim(headerLine),
    ...lines.map((line, index) => (runs[index]?.status === 'completed' ? line : colors.warning(line))),
    ...(hiddenCount > 0
      ? [colors.dim(`and ${formatCount(hiddenCount, 'older run')} (show more with --limit <n>)`)]
      : []),
  ];
}

const headerCells = ['run', 'started', 'narrative', 'acts', 'cost', 'outcome'];

/** Leaves the cost column out if no cost is known. */
function formatRunTable(rows: string[][]): string[] {
  const hasCosts = rows.slice(1).some((row) => row[4] !== '');
  return hasCosts
    ? formatTable(rows, [3, 4])
    : formatTable(
        rows.map((row) => row.toSpliced(4, 1)),
        [3],
      );
}

function createRow(
  { run, startedAt, narrative, actsEnded, actCount, costUsd, status }: RecordedRun,
  maxNameLength: number,
): string[] {
  return [
    run,
    formatShortTime(new Date(startedAt)),
    truncate(toDisplayLine(narrative), maxNameLength),
    `${actsEnded}/${actCount}`,
    costUsd === undefined ? '' : formatUsd(costUsd),
    status,
  ];
}

/** Formats a time as `22 Nov 09:00`, in local time; in another year as `22 Nov 2025`. */
function formatShortTime(date: Date): string {
  const day = `${date.getDate()} ${monthNames[date.getMonth()]}`.padStart(6);
  if (date.getFullYear() !== new Date().getFullYear()) return `${day} ${date.getFullYear()}`;
  return `${day} ${String(date.getHours()).padStart(2, '0')}:${String(date.getMinutes()).padStart(2, '0')}`;
}

/** Fixed names, because formatting a thousand dates by locale takes longer than everything else. */
const monthNames = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

function truncate(name: string, maxLength: number): string {
  return name.length <= maxLength ? name : `${name.slice(0, Math.max(1, maxLength - 1))}…`;
}
