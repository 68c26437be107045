import type { BoticelliDriver } from '../../driver/driver.js';
import { BoticelliError, toBoticelliError, toErrorReport } from '../../errors.js';
import type { RunReport } from '../../executor/narrative-events.js';
import type { RunOptions } from './run.js';

/** What `--record` does with a run; nothing where it was not given. */
export interface RunRecording {
  /** The driver with every reply kept. To be the outermost layer: a request is kept as the act asked it. */
  wrapDriver(driver: BoticelliDriver): BoticelliDriver;
  /** Brings the file into its order. A run whose file can't be written has failed. */
  finish(report: RunReport): RunReport;
}

/** Opens the file of `--record`. Rejects with `output_failed` or, where that is no recording, `no_input`. */
export async function openRunRecording({ record }: RunOptions): Promise<RunRecording> {
  if (record === undefined) return { wrapDriver: (driver) => driver, finish: (report) => report };
  const [{ openRecording }, { withRecording }] = await Promise.all([
    import('../../store/recordings/recording-file.js'),
    import('../../store/recordings/with-recording.js'),
  ]);
  const file = openRecording(record);
  return {
    wrapDriver: (driver) => withRecording(file, driver),
    finish(report) {
      try {
        file.finish();
        return report;
      } catch (thrown) {
        if (report.failure) return report;
        const failure = toBoticelliError(thrown);
        return { ...report, status: 'failed', error: toErrorReport(failure), failure };
      }
    },
  };
}

/** Throws `usage` where the flags of recording and replaying do not go with others. */
export function assertRecordingFlags(
  { record, replay, resume, rehearse, jobs = 1 }: RunOptions,
  fileCount: number,
): void {
  const contradictions: [boolean | undefined, string, string][] = [
    [replay !== undefined && record !== undefined, '--record and --replay', 'a replay has nothing new to record'],
    [replay !== undefined && resume, '--replay and --resume', 'a replay answers from its file alone'],
    [replay !== undefined && rehearse, '--replay and --rehearse', 'each of them answers in its own way'],
    [record !== undefined && rehearse, '--record and --rehearse', 'a rehearsal has no answers to keep'],
    [record !== undefined && fileCount > 1 && jobs > 1, '--record and --jobs', 'one file is written by one at a time'],
  ];
  for (const [contradicts, flags, reason] of contradictions) {
    if (!contradicts) continue;
    throw new BoticelliError('usage', `${flags} do not go together: ${reason}`, { hint: 'Leave one of them out.' });
  }
}
