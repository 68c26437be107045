import type { Failure } from '../../cli/failure.js';
import type { Host } from '../../cli/process.js';
import { writing } from '../../cli/with-output.js';
import { looksOf, reportAs } from '../../cli/write-report.js';
import { listRuns } from '../../store/runs/read-runs.js';
import { runsLines } from '../../terminal/reports/runs.js';
import { lookingInto } from './run-history.js';

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
