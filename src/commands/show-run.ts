import { paintFor } from '../terminal/paint.js';
import { runPage } from '../terminal/run-page.js';
import type { Failure } from './failure.js';
import type { Host } from './host.js';
import { recordedRun } from './recorded.js';
import { writing } from './writing.js';

/** `boticelli runs show`: prints a run act by act, with its replies. */
export function showRun(id: string, host: Host): Promise<Failure | undefined> {
  return writing(host, async (output) => {
    const { run, acts } = await recordedRun(id, host);
    const { columns } = host.stdout;
    const paint = await paintFor(host.stdout);
    output.write(runPage(run, acts, { paint, ...(output.isTerminal && { columns: columns || 80 }) }));
  });
}
