import type { Failure } from '../../cli/failure.js';
import type { Host } from '../../cli/process.js';
import { writing } from '../../cli/with-output.js';
import { runPage } from '../../terminal/reports/run.js';
import { paintFor } from '../../terminal/text/colors.js';
import { recordedRun } from './run-history.js';

/** `boticelli runs show`: prints a run act by act, with its replies. */
export function showRun(id: string, host: Host): Promise<Failure | undefined> {
  return writing(host, async (output) => {
    const { run, acts } = await recordedRun(id, host);
    const { columns } = host.stdout;
    const paint = await paintFor(host.stdout);
    output.write(runPage(run, acts, { paint, ...(output.isTerminal && { columns: columns || 80 }) }));
  });
}
