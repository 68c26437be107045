import type { ActEnd, RunReport } from '../../../executor/narrative-events.js';
import type { ReportedCase, ReportedSuite } from '../../../terminal/reports/reported-suite.js';
import { createFailedCase } from './failed-case.js';

interface ActSuiteOptions {
  /**
   * The name of the suite if the narrative could not be loaded. It is also the name of the case for an error that
   * belongs to no act.
   */
  label: string;
  /** The file of the narrative, as given on the command line. */
  file: string;
  report: RunReport;
  /** The names of all acts that were planned, in order. */
  actNames: readonly string[];
}

/** Creates the suite of a narrative, with a case for each act. */
export function createActSuite({ label, file, report, actNames }: ActSuiteOptions): ReportedSuite {
  const { narrative, status, usage, costUsd, durationMs } = report;
  return {
    name: narrative ?? label,
    ...(file !== '-' && { file }),
    ...{ status, unit: 'act', usage, durationMs, cases: createCases(label, report, actNames) },
    ...(costUsd !== undefined && { costUsd }),
  };
}

function createCases(label: string, { acts, error }: RunReport, actNames: readonly string[]): ReportedCase[] {
  const ends = new Map(acts.map((end) => [end.index, end]));
  let unreportedError = error;
  const cases = actNames.map((name, index): ReportedCase => {
    const end = ends.get(index);
    if (end) return createCase(end);
    if (unreportedError?.act !== name) return { name, outcome: 'skipped' };
    const failed = createFailedCase(name, unreportedError);
    unreportedError = undefined;
    return failed;
  });
  const namedCases = makeNamesUnique(cases);
  // An error that belongs to no act: the run failed before or after its acts.
  return unreportedError ? [createFailedCase(label, unreportedError), ...namedCases] : namedCases;
}

function createCase(end: ActEnd): ReportedCase {
  const { act: name, model, usage, costUsd, durationMs, reused } = end;
  return {
    ...{ name, outcome: reused ? 'reused' : 'completed', model, usage, durationMs },
    ...(costUsd !== undefined && { costUsd }),
  };
}

/** Adds a number to names that occur more than once, because CI services tell cases apart by their names. */
function makeNamesUnique(cases: readonly ReportedCase[]): ReportedCase[] {
  const counts = new Map<string, number>();
  return cases.map((reportedCase) => {
    const { name } = reportedCase;
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    return count === 1 ? reportedCase : { ...reportedCase, name: `${name} #${count}` };
  });
}
