import type { Usage } from '../../driver/response.js';
import type { ErrorReport } from '../../errors.js';
import type { RunReport, RunStatus } from '../../executor/narrative-events.js';
import { tryParseJson } from '../../util/json.js';
import type { Row } from '../row.js';

/** The result of one row, as in `--results` and on standard output. */
export interface RowResult {
  row: Row['values'];
  number: number;
  status: RunStatus;
  /** The last act's reply: text, or the parsed value of a JSON reply. Absent if the row failed. */
  reply?: unknown;
  /** The replies by act. An act that runs more than once has its latest reply. */
  replies: Record<string, string>;
  usage: Usage;
  /** In US dollars; absent if a price is unknown. */
  costUsd?: number;
  error?: ErrorReport;
}

/** @param isJson whether the last act has `format = "json"` */
export function createRowResult({ values, number }: Row, report: RunReport, isJson: boolean): RowResult {
  const { status, acts, usage, costUsd, error } = report;
  const lastText = acts.at(-1)?.text ?? '';
  return {
    row: values,
    number,
    status,
    ...(status === 'completed' && { reply: isJson ? (tryParseJson(lastText) ?? lastText) : lastText }),
    replies: Object.fromEntries(acts.map(({ act, text }) => [act, text])),
    usage,
    ...(costUsd !== undefined && { costUsd }),
    ...(error && { error }),
  };
}
