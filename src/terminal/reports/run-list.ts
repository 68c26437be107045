import type { RecordedRun } from '../../store/runs/recorded-run.js';
import { truncate } from '../../util/utf16.js';
import type { DisplayOptions } from '../text/colors.js';
import { formatCount, formatUsd } from '../text/format.js';
import { escapeUnmeasurable, measureWidth } from '../text/printable.js';
import { fitsWidth, formatTable } from '../text/table.js';
import { getRowUnit, hasRowRuns } from './row-runs.js';

/** How runs are listed. */
export interface RunListOptions extends DisplayOptions {
  /** The number of all runs that match the filters. */
  total: number;
  /** Whether only runs that match a filter are listed. */
  isFiltered: boolean;
}

/**
 * Formats runs as a table without its empty columns. On a narrow terminal, the longest texts are truncated. If the
 * table is still too wide, some columns are left out.
 */
export function formatRunList(
  runs: readonly RecordedRun[],
  { total, isFiltered, colors, columns }: RunListOptions,
): string[] {
  if (runs.length === 0) return [isFiltered ? 'No such runs.' : 'No runs yet.'];
  const cells = runs.map((run) => columnDefinitions.map(({ format }) => format(run)));
  const shown = columnDefinitions.flatMap((_, column) => (cells.some((row) => row[column]) ? [column] : []));
  const [headerLine = '', ...lines] = formatColumns(shown, cells, columns);
  const olderCount = total - runs.length;
  return [
    colors.dim(headerLine),
    ...lines.map((line, index) => (runs[index]?.status === 'completed' ? line : colors.warning(line))),
    ...(olderCount > 0 ? [colors.dim(`and ${formatCount(olderCount, 'older run')} (show more with --limit <n>)`)] : []),
  ];
}

interface Column {
  title: string;
  format: (run: RecordedRun) => string;
  isRightAligned?: boolean;
  /** Whether the text may be truncated. */
  isTruncatable?: boolean;
}

// Every text is made printable, even an id or a status: the database may have come with a folder that someone else
// wrote.
const columnDefinitions: readonly Column[] = [
  { title: 'run', format: ({ run: id }) => escapeUnmeasurable(id) },
  { title: 'started', format: ({ startedAt }) => formatShortTime(new Date(startedAt)) },
  { title: 'narrative', format: ({ narrative }) => escapeUnmeasurable(narrative), isTruncatable: true },
  { title: 'model', format: (run) => escapeUnmeasurable(listModels(run).join(', ')), isTruncatable: true },
  // The file or pattern of `--each`.
  { title: 'source', format: ({ source = '' }) => escapeUnmeasurable(source), isTruncatable: true },
  { title: 'variables', format: (run) => escapeUnmeasurable(formatVariables(run)), isTruncatable: true },
  {
    title: 'done',
    // The number of acts that have a reply, and of all acts. With `--each` or `--matrix`, rows or runs are counted.
    format: (run) => `${run.actsEnded}/${run.actCount}${hasRowRuns(run) ? ` ${getRowUnit(run)}s` : ''}`,
    isRightAligned: true,
  },
  {
    title: 'cost',
    format: ({ costUsd }) => (costUsd === undefined ? '' : formatUsd(costUsd)),
    isRightAligned: true,
  },
  { title: 'outcome', format: ({ status }) => escapeUnmeasurable(status) },
];

/**
 * The columns that are left out, one after another, if the table is too wide although its texts are truncated. Their
 * contents can be found elsewhere: the id of a run contains its start time, and `runs show` shows the models and where
 * the rows come from.
 */
const dispensableTitles = ['started', 'model', 'source'];

/**
 * Formats the columns as a table. Leaves out the columns of `dispensableTitles`, one after another, until the table
 * fits into the terminal or none of them is left.
 * @param shown the indexes of the columns in `columnDefinitions`
 */
function formatColumns(shown: readonly number[], cells: string[][], terminalWidth: number | undefined): string[] {
  let table = fitTable(shown, cells, terminalWidth);
  for (const [index] of dispensableTitles.entries()) {
    if (fitsWidth(table, terminalWidth)) break;
    const omitted = dispensableTitles.slice(0, index + 1);
    table = fitTable(
      shown.filter((column) => !omitted.includes(columnDefinitions[column]?.title ?? '')),
      cells,
      terminalWidth,
    );
  }
  return table;
}

/** The shortest length to which a text is truncated. */
const minTruncatedLength = 8;

/**
 * Formats the columns as a table. Shortens the longest truncatable column until the table fits into the terminal, or
 * until that column has `minTruncatedLength`.
 */
function fitTable(shown: readonly number[], cells: string[][], terminalWidth: number | undefined): string[] {
  const definitions = shown.map((column) => columnDefinitions[column] as Column);
  const rows = [definitions.map(({ title }) => title), ...cells.map((row) => shown.map((column) => row[column] ?? ''))];
  const rightAligned = definitions.flatMap(({ isRightAligned }, column) => (isRightAligned ? [column] : []));
  const maxLengths = definitions.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  for (;;) {
    const shortened = rows.map((row) => row.map((cell, column) => truncate(cell, maxLengths[column] ?? 0)));
    const table = formatTable(shortened, rightAligned);
    if (fitsWidth(table, terminalWidth)) return table;
    const [longest = 0, next = 0] = definitions
      .flatMap(({ isTruncatable }, column) => (isTruncatable ? [maxLengths[column] ?? 0] : []))
      .sort((left, right) => right - left);
    if (longest <= minTruncatedLength) return table;
    const column = definitions.findIndex(({ isTruncatable }, index) => isTruncatable && maxLengths[index] === longest);
    // The longest column does not become shorter than the next longest one. Columns of equal length are shortened in
    // turn, by one UTF-16 unit each time.
    const overflow = Math.max(...table.map(measureWidth)) - (terminalWidth ?? 0);
    const step = Math.max(1, Math.min(overflow, longest - Math.max(next, minTruncatedLength)));
    maxLengths[column] = longest - step;
  }
}

/** Returns the models that replied or, if none did, those that were asked. */
function listModels({ modelsServed, modelsAsked }: RecordedRun): readonly string[] {
  return modelsServed.length > 0 ? modelsServed : modelsAsked;
}

/** Formats what distinguishes the runs of a narrative: the values of `--matrix`, and the variables of the command line. */
export function formatVariables({ matrixLabel, vars = {} }: Pick<RecordedRun, 'matrixLabel' | 'vars'>): string {
  const assignments = Object.entries(vars).map(([name, value]) => `${name}=${value}`);
  return [...(matrixLabel === undefined ? [] : [matrixLabel]), ...assignments].join(' ');
}

/** Formats a local time as `22 Nov 09:00`, or as `22 Nov 2025` if it is in another year. */
function formatShortTime(date: Date): string {
  const day = `${date.getDate()} ${monthNames[date.getMonth()]}`.padStart(6);
  if (date.getFullYear() !== new Date().getFullYear()) return `${day} ${date.getFullYear()}`;
  return `${day} ${String(date.getHours()).padStart(2, '0')}:${String(date.getMinutes()).padStart(2, '0')}`;
}

/** The month names are fixed, because formatting a thousand dates by locale takes longer than everything else. */
const monthNames = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');
