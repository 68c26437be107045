import type { FormatOptions } from '../../cli/common-options.js';
import { getStdoutStyle, withOutput, writeReport } from '../../cli/output.js';
import type { CliProcess } from '../../cli/process.js';
import type { Database } from '../../database/open.js';
import { BoticelliError } from '../../errors.js';
import { findRuns, listActs, listRowRuns, listRuns } from '../../store/runs/read-runs.js';
import type { RecordedRun } from '../../store/runs/recorded-run.js';
import { stringifyJson } from '../../terminal/replies/json.js';
import { hasRows } from '../../terminal/reports/rows-of-runs.js';
import { formatRunList } from '../../terminal/reports/run-list.js';
import { formatRun, type RunContent, renderRunMarkdown, toRunExport } from '../../terminal/reports/run-report.js';
import { createColors } from '../../terminal/text/colors.js';
import { toPrintable } from '../../terminal/text/printable.js';
import { withRunHistory } from './run-history.js';

/** The options of `boticelli runs`. */
export interface RunsOptions extends FormatOptions {
  limit: number;
}

/** The options of `boticelli runs show`. */
export interface ShowOptions {
  prompts?: boolean;
}

/** The options of `boticelli runs export`. */
export interface ExportOptions {
  format: 'json' | 'markdown';
}

/** `boticelli runs`: lists recorded runs, newest first. */
export function listRunHistory({ limit, format }: RunsOptions, proc: CliProcess): Promise<void> {
  return withOutput(proc, async (output) => {
    const empty = { runs: [], total: 0 };
    const { runs, total } = await withRunHistory(proc, (database) => (database ? listRuns(database, limit) : empty));
    await writeReport(format, output, {
      createDocument: () => ({ runs, total }),
      renderLines: async () => formatRunList(runs, total, await getStdoutStyle(proc)),
    });
  });
}

/** `boticelli runs show`: prints a run act by act, with its replies. */
export function showRun(id: string, { prompts }: ShowOptions, proc: CliProcess): Promise<void> {
  return withOutput(proc, async (output) => {
    const { run, content } = await findRun(id, proc);
    const { columns } = proc.stdout;
    const colors = await createColors(proc.stdout);
    output.write(formatRun(run, content, { colors, prompts, ...(output.isTerminal && { columns: columns || 80 }) }));
  });
}

/** `boticelli runs export`: prints a run as JSON or Markdown. */
export function exportRun(id: string, { format }: ExportOptions, proc: CliProcess): Promise<void> {
  return withOutput(proc, async (output) => {
    const { run, content } = await findRun(id, proc);
    if (format === 'json') return output.write(`${stringifyJson(toRunExport(run, content), 2)}\n`);
    const markdown = renderRunMarkdown(run, content);
    output.write(output.isTerminal ? toPrintable(markdown) : markdown);
  });
}

/**
 * Finds a run and its acts. The run is given by its id, by the first characters of its id, or as `last`.
 *
 * @throws BoticelliError `no_input` if no run matches, `usage` if several runs match
 */
function findRun(id: string, proc: CliProcess) {
  return withRunHistory(proc, (database) => {
    const found = database ? findRuns(database, id) : [];
    const [run, ...others] = found;
    if (!database || !run) throw createUnknownRunError(id);
    if (others.length === 0 || run.run === id) return { run, content: readContent(database, run) };
    const hint = `The newest are ${found.map((match) => match.run).join(', ')}.`;
    throw new BoticelliError('usage', `${id} matches several runs`, { hint });
  });
}

function readContent(database: Database.Database, run: RecordedRun): RunContent {
  return { acts: listActs(database, run.run), rows: hasRows(run) ? listRowRuns(database, run.run) : [] };
}

function createUnknownRunError(id: string): BoticelliError {
  const hint = 'Every run is recorded, except rehearsals, replays, and runs with [store] keep = "off".';
  if (id === 'last') return new BoticelliError('no_input', 'no runs yet', { hint });
  return new BoticelliError('no_input', `no such run: ${id}`, { hint: 'List runs with: boticelli runs' });
}
