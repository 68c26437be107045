import { listRuns } from '../store/read-runs.js';
import { runsLines } from '../terminal/runs-table.js';
import type { Failure } from './failure.js';
import type { Host } from './host.js';
import { lookingInto } from './recorded.js';
import { looksOf, reportAs } from './report-as.js';
import { writing } from './writing.js';

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
    await reportAs(format, output, {
      document: () => ({ runs, total }),
      lines: async () => runsLines(runs, { total, ...(await looksOf(host)) }),
    });
  });
}
