import type { Failure } from '../../cli/failure.js';
import type { CliProcess } from '../../cli/process.js';
import { withOutput } from '../../cli/with-output.js';
import { stringifyJson } from '../../terminal/replies/json.js';
import { renderRunMarkdown, toRunExport } from '../../terminal/reports/run-export.js';
import { findRun } from './run-history.js';

/** The flags of `boticelli runs export`. */
export interface ExportOptions {
  format: 'json' | 'markdown';
}

/** `boticelli runs export`: prints a run as a document. */
export function exportRun(id: string, { format }: ExportOptions, proc: CliProcess): Promise<Failure | undefined> {
  return withOutput(proc, async (output) => {
    const { run, acts } = await findRun(id, proc);
    output.write(format === 'json' ? `${stringifyJson(toRunExport(run, acts), 2)}\n` : renderRunMarkdown(run, acts));
  });
}
