import { zeroUsage } from '../../../driver/response.js';
import { type BoticelliError, toErrorReport } from '../../../errors.js';
import type { RunReport } from '../../../executor/narrative-events.js';
import type { ReportedCase, ReportedSuite } from '../../../terminal/reports/reported-suite.js';
import { formatCount } from '../../../terminal/text/format.js';
import type { RowTask } from '../rows/row-task.js';
import type { RowsOutcome } from '../rows/rows-outcome.js';
import { createFailedCase } from './failed-case.js';

/** Collects the cases of a run with `--each` or `--matrix`. */
export interface RowsSuite {
  addRow(task: RowTask, report: RunReport): void;
  /** Adds a row whose result an earlier command has written. */
  addReusedRow(task: RowTask): void;
  /** @param failure why the command could not start, or started no further row */
  finish(run: { name: string; outcome?: RowsOutcome; failure?: BoticelliError | undefined }): ReportedSuite;
}

/** Starts the suite of a run with `--each` or `--matrix`. @param file the narrative, as given on the command line */
export function createRowsSuite(file: string, now = Date.now): RowsSuite {
  const startedAt = now();
  const cases = new Map<number, ReportedCase>();
  return {
    addRow(task, { acts, usage, costUsd, durationMs, error }) {
      const name = createCaseName(task);
      const model = acts.at(-1)?.model;
      cases.set(task.taskNumber, {
        ...(error ? createFailedCase(name, error) : { name, outcome: 'completed' }),
        ...{ usage, durationMs },
        ...(model !== undefined && { model }),
        ...(costUsd !== undefined && { costUsd }),
      });
    },
    addReusedRow: (task) => void cases.set(task.taskNumber, { name: createCaseName(task), outcome: 'reused' }),
    finish({ name, outcome, failure }) {
      const { status = 'failed', usage = zeroUsage, costUsd } = outcome ?? {};
      const unfinishedCase = createCaseForUnfinished(outcome?.unfinished ?? 0, failure);
      const ordered = [...cases].sort(([left], [right]) => left - right).map(([, reportedCase]) => reportedCase);
      return {
        ...{ name, status, unit: 'row', usage, durationMs: now() - startedAt },
        ...(file !== '-' && { file }),
        cases: [...(unfinishedCase ? [unfinishedCase] : []), ...ordered],
        ...(costUsd !== undefined && { costUsd }),
      };
    },
  };
}

/**
 * Creates a single case for the failure that ended the command, if any, and for all rows that did not finish. The case
 * is failed if there is a failure, otherwise skipped. Returns undefined if there is no failure and every row finished.
 */
function createCaseForUnfinished(unfinished: number, failure: BoticelliError | undefined): ReportedCase | undefined {
  const name = unfinished === 0 ? 'rows' : `${formatCount(unfinished, 'row')} not finished`;
  if (failure) return createFailedCase(name, toErrorReport(failure));
  return unfinished === 0 ? undefined : { name, outcome: 'skipped' };
}

const maxLabelLength = 60;

/** Returns the name of the case of a run: its row and its combination, as in `row 3: first value, model=a`. */
function createCaseName({ row: { number, values }, combination }: RowTask): string {
  const value = String(Object.values(values)[0] ?? '').slice(0, maxLabelLength);
  const row = value === '' ? `row ${number}` : `row ${number}: ${value}`;
  if (!combination) return row;
  return Object.keys(values).length === 0 ? combination.label : `${row}, ${combination.label}`;
}
