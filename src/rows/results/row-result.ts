import type { Usage } from '../../driver/response.js';
import type { ErrorReport } from '../../errors.js';
import type { RunReport, RunStatus } from '../../executor/narrative-events.js';
import { tryParseJson } from '../../util/json.js';
import type { MatrixValue } from '../matrix.js';
import type { Row } from '../row.js';

/** A row, a combination of `--matrix`, or both: what the narrative is executed with to get one result. */
export interface RowAndCombination {
  /** The values of the row; empty without rows. */
  rowValues: Row['values'];
  /** The value of each key of `--matrix`. */
  matrix?: Readonly<Record<string, MatrixValue>> | undefined;
}

/** The result of executing the narrative for a row and combination, as in `--results` and on standard output. */
export interface RowResult {
  /** The values of the row; empty without rows. */
  row: RowAndCombination['rowValues'];
  /** The value of each key of `--matrix`. */
  matrix?: RowAndCombination['matrix'];
  /** The number of the row; without `--each`, the number of the combination. */
  number: number;
  status: RunStatus;
  /** The last act's reply: text, or the parsed value of a JSON reply. Absent unless `status` is `completed`. */
  reply?: unknown;
  /** The replies by act. An act that runs more than once has its latest reply. */
  replies: Record<string, string>;
  usage: Usage;
  /** In US dollars; absent if a price is unknown. */
  costUsd?: number;
  error?: ErrorReport;
}

/** Creates the result of a run. @param isJson whether the last act has `format = "json"` */
export function createRowResult(
  { rowValues, number, matrix }: RowAndCombination & { number: number },
  report: RunReport,
  isJson: boolean,
): RowResult {
  const { status, acts, usage, costUsd, error } = report;
  const lastText = acts.at(-1)?.text ?? '';
  return {
    row: rowValues,
    number,
    ...(matrix && { matrix }),
    status,
    ...(status === 'completed' && { reply: isJson ? parseReply(lastText) : lastText }),
    replies: Object.fromEntries(acts.map(({ act, text }) => [act, text])),
    usage,
    ...(costUsd !== undefined && { costUsd }),
    ...(error && { error }),
  };
}

/** Parses a JSON reply. Returns a text that is not JSON as it is. */
function parseReply(text: string): unknown {
  const value = tryParseJson(text);
  return value === undefined ? text : value;
}
