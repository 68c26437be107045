import { listRuns } from '../store/read-runs.js';
import { jsonOf } from '../terminal/json-replies.js';
import { paintFor } from '../terminal/paint.js';
import { runsLines } from '../terminal/runs-table.js';
import type { Failure } from './failure.js';
import type { Host } from './host.js';
import { lookingInto, writing } from './recorded.js';

/** The flags of `boticelli runs`. */
export interface RunsOptions {
  limit: number;
  format: 'text' | 'json';
}

/** `boticelli runs`: lists the runs that are recorded, newest first. */
export function listRecorded({ limit, format }: RunsOptions, host: Host): Promise<Failure | undefined> {
  return writing(host, async (output) => {
    const { runs, total } = await lookingInto(host, (database) =>
      database ? listRuns(database, limit) : { runs: [], total: 0 },
    );
    if (format === 'json') return output.write(`${jsonOf({ runs, total }, 2)}\n`);
    const { columns } = host.stdout;
    const paint = await paintFor(host.stdout);
    const lines = runsLines(runs, { total, paint, ...(output.isTerminal && columns && { columns }) });
    output.write(`${lines.join('\n')}\n`);
  });
}
