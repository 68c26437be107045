import type { RecordedRun } from '../../store/runs/read-runs.js';
import type { Paint } from '../text/colors.js';
import { counted, dollars } from '../text/format.js';
import { aligned, fits } from '../text/table.js';
import { visible } from '../text/visible.js';

/** How a list of runs is shown. */
export interface RunsTableOptions {
  /** How many runs there are in all. */
  total: number;
  paint: Paint;
  /** The width of the terminal, where it is one: longer names are cut. */
  columns?: number;
}

/** The runs as a person reads them: a line each. */
export function runsLines(runs: readonly RecordedRun[], { total, paint, columns }: RunsTableOptions): string[] {
  if (runs.length === 0) return ['There is no run yet.'];
  const table = (longestName: number) => tableOf([head, ...runs.map((run) => rowOf(run, longestName))]);
  const longest = Math.max(...runs.map(({ narrative }) => narrative.length));
  let [headLine = '', ...lines] = table(longest);
  for (let most = longest; most > 8 && !fits([headLine, ...lines], columns); most -= 1)
    [headLine = '', ...lines] = table(most - 1);
  const more = total - runs.length;
  return [
    paint.dim(headLine),
    ...lines.map((line, at) => (runs[at]?.status === 'completed' ? line : paint.warning(line))),
    ...(more > 0 ? [paint.dim(`and ${counted(more, 'run')} before these: --limit <n> shows more`)] : []),
  ];
}

const head = ['run', 'started', 'narrative', 'acts', 'cost', 'outcome'];

/** Without the costs, where none is known. */
function tableOf(rows: string[][]): string[] {
  const hasCosts = rows.slice(1).some((row) => row[4] !== '');
  return hasCosts
    ? aligned(rows, [3, 4])
    : aligned(
        rows.map((row) => row.toSpliced(4, 1)),
        [3],
      );
}

function rowOf(
  { run, startedAt, narrative, actsEnded, actCount, costUsd, status }: RecordedRun,
  longestName: number,
): string[] {
  return [
    run,
    shortTime(new Date(startedAt)),
    cut(visible(narrative), longestName),
    `${actsEnded}/${actCount}`,
    costUsd === undefined ? '' : dollars(costUsd),
    status,
  ];
}

/** `22 Nov 09:00`, in local time; without the time where it is another year. */
function shortTime(at: Date): string {
  const day = `${at.getDate()} ${months[at.getMonth()]}`.padStart(6);
  if (at.getFullYear() !== new Date().getFullYear()) return `${day} ${at.getFullYear()}`;
  return `${day} ${String(at.getHours()).padStart(2, '0')}:${String(at.getMinutes()).padStart(2, '0')}`;
}

/** Not by the system's own words: a thousand of them take longer to ask for than all else. */
const months = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

function cut(name: string, most: number): string {
  return name.length <= most ? name : `${name.slice(0, Math.max(1, most - 1))}…`;
}
