import type { FormatOptions } from '../../cli/common-options.js';
import { getStdoutStyle, withOutput, writeReport } from '../../cli/output.js';
import type { CliProcess } from '../../cli/process.js';
import type { Database } from '../../database/open.js';
import { listActs, listRowRuns, listRuns, type RunFilter } from '../../store/runs/read-runs.js';
import type { RecordedRun } from '../../store/runs/recorded-run.js';
import { stringifyJson } from '../../terminal/replies/json.js';
import { hasRowRuns } from '../../terminal/reports/row-runs.js';
import { formatRunList } from '../../terminal/reports/run-list.js';
import { formatRun, type RunContent, renderRunMarkdown, toRunExport } from '../../terminal/reports/run-report.js';
import { createColors } from '../../terminal/text/colors.js';
import { toPrintable } from '../../terminal/text/printable.js';
import { findRun } from './find-run.js';
import { withRunHistory } from './run-history.js';

/** The options of `boticelli runs`. */
export interface RunsOptions extends FormatOptions, RunFilter {
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
export function listRunHistory({ limit, format, ...filter }: RunsOptions, proc: CliProcess): Promise<void> {
  return withOutput(proc, async (output) => {
    const empty = { runs: [], total: 0 };
    const { runs, total } = await withRunHistory(proc, (database) =>
      database ? listRuns(database, limit, filter) : empty,
    );
    const isFiltered = Object.values(filter).some((value) => value !== undefined);
    await writeReport(format, output, {
      createDocument: () => ({ runs, total }),
      renderLines: async () => formatRunList(runs, { total, isFiltered, ...(await getStdoutStyle(proc)) }),
    });
  });
}

/** `boticelli runs show`: prints a run act by act, with its replies. */
export function showRun(id: string, { prompts }: ShowOptions, proc: CliProcess): Promise<void> {
  return withOutput(proc, async (output) => {
    const { run, content } = await readRun(id, proc);
    const { columns } = proc.stdout;
    const colors = await createColors(proc.stdout);
    output.write(formatRun(run, content, { colors, prompts, ...(output.isTerminal && { columns: columns || 80 }) }));
  });
}

/** `boticelli runs export`: prints a run as JSON or Markdown. */
export function exportRun(id: string, { format }: ExportOptions, proc: CliProcess): Promise<void> {
  return withOutput(proc, async (output) => {
    const { run, content } = await readRun(id, proc);
    if (format === 'json') return output.write(`${stringifyJson(toRunExport(run, content), 2)}\n`);
    const markdown = renderRunMarkdown(run, content);
    output.write(output.isTerminal ? toPrintable(markdown) : markdown);
  });
}

/** Finds a run and its acts. @throws BoticelliError as `findRun` does */
function readRun(id: string, proc: CliProcess) {
  return withRunHistory(proc, (database) => {
    const run = findRun(database, id);
    return { run, content: database ? readContent(database, run) : { acts: [], rows: [] } };
  });
}

function readContent(database: Database.Database, run: RecordedRun): RunContent {
  const { run: id } = run;
  return { acts: listActs(database, id), rows: hasRowRuns(run) ? listRowRuns(database, id) : [] };
}
