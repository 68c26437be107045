import { withOutput } from '../../cli/output.js';
import type { CliProcess } from '../../cli/process.js';
import { stringifyJson } from '../../terminal/replies/json.js';
import { formatRun, renderRunMarkdown, toRunExport } from '../../terminal/reports/run-report.js';
import { createColors } from '../../terminal/text/colors.js';
import type { ExportOptions } from './options.js';
import { findRun } from './run-history.js';

/** `boticelli runs show`: prints a run act by act, with its replies. */
export function showRun(id: string, proc: CliProcess): Promise<void> {
  return withOutput(proc, async (output) => {
    const { run, acts } = await findRun(id, proc);
    const { columns } = proc.stdout;
    const colors = await createColors(proc.stdout);
    output.write(formatRun(run, acts, { colors, ...(output.isTerminal && { columns: columns || 80 }) }));
  });
}

/** `boticelli runs export`: prints a run as JSON or Markdown. */
export function exportRun(id: string, { format }: ExportOptions, proc: CliProcess): Promise<void> {
  return withOutput(proc, async (output) => {
    const { run, acts } = await findRun(id, proc);
    output.write(format === 'json' ? `${stringifyJson(toRunExport(run, acts), 2)}\n` : renderRunMarkdown(run, acts));
  });
}
