import type { RecordedRun } from '../../store/runs/recorded-run.js';
import type { DisplayOptions } from '../text/colors.js';
import { formatCount, formatUsd } from '../text/format.js';
import { toDisplayLine } from '../text/printable.js';
import { fitsWidth, formatTable } from '../text/table.js';
import { getRowUnit, hasRows } from './rows-of-runs.js';

/**
 * Formats runs as a table. On a narrow terminal, names are truncated.
 *
 * @param total the number of all runs
 */
export function formatRunList(
  runs: readonly RecordedRun[],
  total: number,
  { colors, columns }: DisplayOptions,
): string[] {
  if (runs.length === 0) return ['No runs yet.'];
  const renderTable = (nameLength: number) =>
    formatRunTable([headerCells, ...runs.map((run) => createRow(run, nameLength))]);
  let nameLength = Math.max(...runs.map((run) => getName(run).length));
  let table = renderTable(nameLength);
  for (; nameLength > 8 && !fitsWidth(table, columns); nameLength -= 1) table = renderTable(nameLength - 1);
  const [headerLine = '', ...lines] = table;
  const olderCount = total - runs.length;
  return [
    colors.dim(headerLine),
    ...lines.map((line, index) => (runs[index]?.status === 'completed' ? line : colors.warning(line))),
    ...(olderCount > 0 ? [colors.dim(`and ${formatCount(olderCount, 'older run')} (show more with --limit <n>)`)] : []),
  ];
}

const headerCells = ['run', 'started', 'narrative', 'acts', 'cost', 'outcome'];

/** Formats the rows as a table. Omits the cost column if no cost is known. */
function formatRunTable(rows: string[][]): string[] {
  if (rows.slice(1).some((row) => row[4] !== '')) return formatTable(rows, [3, 4]);
  return formatTable(
    rows.map((row) => row.toSpliced(4, 1)),
    [3],
  );
}

function createRow(run: RecordedRun, maxNameLength: number): string[] {
  return [
    // Not only names need this: the whole database may come with a folder that someone else wrote.
    toDisplayLine(run.run),
    formatShortTime(new Date(run.startedAt)),
    truncate(getName(run), maxNameLength),
    `${run.actsEnded}/${run.actCount}${hasRows(run) ? ` ${getRowUnit(run)}s` : ''}`,
    run.costUsd === undefined ? '' : formatUsd(run.costUsd),
    toDisplayLine(run.status),
  ];
}

/** Returns the narrative, with the values of `--matrix`: `comments model=a,b`. */
function getName({ narrative, matrixLabel }: RecordedRun): string {
  return toDisplayLine(matrixLabel === undefined ? narrative : `${narrative} ${matrixLabel}`);
}

/** Formats a local time as `22 Nov 09:00`, or as `22 Nov 2025` if it is in another year. */
function formatShortTime(date: Date): string {
  const day = `${date.getDate()} ${monthNames[date.getMonth()]}`.padStart(6);
  if (date.getFullYear() !== new Date().getFullYear()) return `${day} ${date.getFullYear()}`;
  return `${day} ${String(date.getHours()).padStart(2, '0')}:${String(date.getMinutes()).padStart(2, '0')}`;
}

/** The month names are fixed, because formatting a thousand dates by locale takes longer than everything else. */
const monthNames = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

function truncate(name: string, maxLength: number): string {
  return name.length <= maxLength ? name : `${name.slice(0, Math.max(1, maxLength - 1))}…`;
}
