import type { Failure } from '../../cli/failure.js';
import type { CliProcess } from '../../cli/process.js';
import { withOutput } from '../../cli/with-output.js';
import { formatRun } from '../../terminal/reports/run-details.js';
import { createColors } from '../../terminal/text/colors.js';
import { findRun } from './run-history.js';

/** `boticelli runs show`: prints a run act by act, with its replies. */
export function showRun(id: string, proc: CliProcess): Promise<Failure | undefined> {
  return withOutput(proc, async (output) => {
    const { run, acts } = await findRun(id, proc);
    const { columns } = proc.stdout;
    const colors = await createColors(proc.stdout);
    output.write(formatRun(run, acts, { colors, ...(output.isTerminal && { columns: columns || 80 }) }));
  });
}
