import { getStdoutStyle, withOutput, writeReport } from '../../cli/output.js';
import type { CliProcess } from '../../cli/process.js';
import { listRuns } from '../../store/runs/read-runs.js';
import { formatRunList } from '../../terminal/reports/run-list.js';
import type { RunsOptions } from './options.js';
import { withRunHistory } from './run-history.js';

/** `boticelli runs`: lists recorded runs, newest first. */
export function listRunHistory({ limit, format }: RunsOptions, proc: CliProcess): Promise<void> {
  return withOutput(proc, async (output) => {
    const { runs, total } = await withRunHistory(proc, (database) =>
      database ? listRuns(database, limit) : { runs: [], total: 0 },
    );
    await writeReport(format, output, {
      createDocument: () => ({ runs, total }),
      renderLines: async () => formatRunList(runs, total, await getStdoutStyle(proc)),
    });
  });
}
