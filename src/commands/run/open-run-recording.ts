import type { BoticelliDriver } from '../../driver/driver.js';
import { toBoticelliError, toErrorReport } from '../../errors.js';
import type { RunReport } from '../../executor/narrative-events.js';
import type { RunOptions } from './options.js';

/** The recording of a run. Does nothing without `--record`. */
export interface RunRecording {
  /** Adds the outermost layer, which records a request as the act made it. */
  wrapDriver(driver: BoticelliDriver): BoticelliDriver;
  /** Sorts the file. Returns a failed report if it can't be written. */
  finish(report: RunReport): RunReport;
}

/** Opens the file of `--record`. @throws BoticelliError `output_failed`, or `no_input` if the file is no recording */
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
