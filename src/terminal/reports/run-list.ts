import type { RecordedRun } from '../../store/runs/read-runs.js';
import type { Colors } from '../text/colors.js';
import { toDisplayLine } from '../text/display-line.js';
import { formatCount, formatUsd } from '../text/format.js';
import { fitsWidth, formatTable } from '../text/table.js';

/** How a list of runs is shown. */
export interface FormatRunListOptions {
  /** How many runs there are in all. */
  total: number;
  colors: Colors;
  /** The width of the terminal, where it is one: longer names are cut. */
  columns?: number;
}

/** The runs as a person reads them: a line each. */
export function formatRunList(
  runs: readonly RecordedRun[],
  { total, colors, columns }: FormatRunListOptions,
): string[] {
  if (runs.length === 0) return ['There is no run yet.'];
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
      ? [colors.dim(`and ${formatCount(hiddenCount, 'run')} before these: --limit <n> shows more`)]
      : []),
  ];
}

const headerCells = ['run', 'started', 'narrative', 'acts', 'cost', 'outcome'];

/** Without the costs, where none is known. */
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

/** `22 Nov 09:00`, in local time; without the time where it is another year. */
function formatShortTime(date: Date): string {
  const day = `${date.getDate()} ${monthNames[date.getMonth()]}`.padStart(6);
  if (date.getFullYear() !== new Date().getFullYear()) return `${day} ${date.getFullYear()}`;
  return `${day} ${String(date.getHours()).padStart(2, '0')}:${String(date.getMinutes()).padStart(2, '0')}`;
}

/** Not by the system's own words: a thousand of them take longer to ask for than all else. */
const monthNames = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

function truncate(name: string, maxLength: number): string {
  return name.length <= maxLength ? name : `${name.slice(0, Math.max(1, maxLength - 1))}…`;
}
