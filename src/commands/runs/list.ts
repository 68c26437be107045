import type { Failure } from '../../cli/failure.js';
import type { CliProcess } from '../../cli/process.js';
import { withOutput } from '../../cli/with-output.js';
import { getStdoutStyle, writeReport } from '../../cli/write-report.js';
import { listRuns } from '../../store/runs/read-runs.js';
import { formatRunList } from '../../terminal/reports/run-list.js';
import { withRunHistory } from './run-history.js';

/** The flags of `boticelli runs`. */
export interface RunsOptions {
  limit: number;
  format: 'text' | 'json';
}

/** `boticelli runs`: lists the runs that are recorded, newest first. */
export function listRunHistory({ limit, format }: RunsOptions, proc: CliProcess): Promise<Failure | undefined> {
  return withOutput(proc, async (output) => {
    const { runs, total } = await withRunHistory(proc, (database) =>
      database ? listRuns(database, limit) : { runs: [], total: 0 },
    );
    await writeReport(format, output, {
      createDocument: () => ({ runs, total }),
      renderLines: async () => formatRunList(runs, { total, ...(await getStdoutStyle(proc)) }),
    });
  });
}
