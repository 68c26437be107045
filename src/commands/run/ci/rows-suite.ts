import { zeroUsage } from '../../../driver/response.js';
import { type BoticelliError, toErrorReport } from '../../../errors.js';
import type { RunReport } from '../../../executor/narrative-events.js';
import type { ReportedCase, ReportedSuite } from '../../../terminal/reports/reported-suite.js';
import { formatCount } from '../../../terminal/text/format.js';
import type { RowsOutcome } from '../rows/rows-outcome.js';
import type { ReportedRow } from '../rows/rows-view.js';
import { createFailedCase } from './failed-case.js';

/** Collects the cases of a run with `--each` or `--matrix`. */
export interface RowsSuite {
  addRow(row: ReportedRow, report: RunReport): void;
  /** Adds a row whose result an earlier run has written. */
  addEarlierRow(row: ReportedRow): void;
  /** @param failure why the run could not start, or started no further row */
  finish(run: { name: string; outcome?: RowsOutcome; failure?: BoticelliError | undefined }): ReportedSuite;
}

export function createRowsSuite(file: string, now = Date.now): RowsSuite {
  const startedAt = now();
  const cases = new Map<number, ReportedCase>();
  return {
    addRow(row, { acts, usage, costUsd, durationMs, error }) {
      const name = nameRow(row);
      const model = acts.at(-1)?.model;
      cases.set(row.position, {
        ...(error ? createFailedCase(name, error) : { name, outcome: 'completed' }),
        ...{ usage, durationMs },
        ...(model !== undefined && { model }),
        ...(costUsd !== undefined && { costUsd }),
      });
    },
    addEarlierRow: (row) => void cases.set(row.position, { name: nameRow(row), outcome: 'reused' }),
    finish({ name, outcome, failure }) {
      const { status = 'failed', usage = zeroUsage, costUsd } = outcome ?? {};
      const ordered = [...cases].sort(([left], [right]) => left - right).map(([, each]) => each);
      return {
        ...{ name, status, unit: 'row', usage, durationMs: now() - startedAt },
        ...(file !== '-' && { file }),
        cases: [...createRestCases(outcome?.notAsked ?? 0, failure), ...ordered],
        ...(costUsd !== undefined && { costUsd }),
      };
    },
  };
}

/** Creates the case for rows that were not asked, if there are any. */
function createRestCases(notAsked: number, failure: BoticelliError | undefined): ReportedCase[] {
  const name = notAsked === 0 ? 'rows' : `${formatCount(notAsked, 'row')} not asked`;
  if (failure) return [createFailedCase(name, toErrorReport(failure))];
  return notAsked === 0 ? [] : [{ name, outcome: 'skipped' }];
}

const maxLabelLength = 60;

/** Names a case: `row 3: Great product`, with `--matrix` also `row 3: Great product, model=a` or `model=a`. */
function nameRow({ row: { number, values }, combinationLabel }: ReportedRow): string {
  const isRow = combinationLabel === undefined || Object.keys(values).length > 0;
  const label = String(Object.values(values)[0] ?? '').slice(0, maxLabelLength);
  const rowName = label === '' ? `row ${number}` : `row ${number}: ${label}`;
  return [...(isRow ? [rowName] : []), ...(combinationLabel === undefined ? [] : [combinationLabel])].join(', ');
}
