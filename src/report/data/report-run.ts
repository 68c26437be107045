import type { ErrorReport } from '../../errors.js';
import type { RecordedAct, RecordedRun } from '../../store/runs/recorded-run.js';
import { formatErrorMessage } from '../../terminal/diagnostics/format-error.js';
import { type ReportAct, toReportAct } from './report-act.js';
import { isAmount, type Tokens, toAmount, toText, toTokens } from './stored-values.js';

/** What the history has of a run. The acts of a row are read when they are needed: there may be many rows. */
export interface RunData {
  run: RecordedRun;
  /** The acts of a run without rows. */
  acts: readonly RecordedAct[];
  /** The runs of the rows of a run with `--each` or `--matrix`. */
  rows: readonly RecordedRun[];
  /** Reads the acts of the run of a row. */
  readActs: (rowRunId: string) => readonly RecordedAct[];
}

/** The facts of a run, as the page shows them. Its acts and rows stay in its `RunData`. */
export interface ReportRun {
  /** The prefix of the ids of this run's elements: `r1`. */
  anchor: string;
  id: string;
  narrative: string;
  /** The name of the narrative's file, without its folder; absent for standard input. */
  fileName?: string;
  status: string;
  /** Whether the run did not complete: it has failed, was interrupted or is unfinished. */
  isIncomplete: boolean;
  /** ISO 8601 in UTC. */
  startedAt: string;
  /** The models that replied, separated by commas. */
  models: string;
  /** The number of completed acts or rows: those that have their reply. */
  completedCount: number;
  /** The number of all acts or rows. */
  total: number;
  /**
   * Whether this is the run of a whole command with `--each` or `--matrix`. In such a run, `completedCount` and `total`
   * count the rows or the combinations; with both flags, the pairs of a row and a combination. In any other run,
   * `completedCount` and `total` count acts.
   */
  hasRowRuns: boolean;
  attempts: number;
  waitMs: number;
  /** Absent if the run is unfinished. */
  durationMs?: number;
  tokens: Tokens;
  costUsd?: number;
  /** The source of the rows, if this is a run with rows. */
  rowSource?: string;
  /** The label of the row, if this is the run of a row. */
  rowLabel?: string;
  /**
   * The values of `--matrix`. For the run of one combination: `model=a temperature=0`. For the run of all combinations:
   * `model=a,b temperature=0,1`.
   */
  matrixLabel?: string;
  variables: readonly [name: string, value: string][];
  error?: { code: string; message: string } | undefined;
}

/** Converts a run of the history. A damaged database may have any value in any field; what is not valid is left out. */
export function toReportRun(stored: RecordedRun, anchor: string): ReportRun {
  // The field `actsEnded` does not count failed acts and rows.
  const { actsEnded: completedCount, durationMs, costUsd, source, file } = stored;
  const { vars } = stored as { vars?: unknown };
  const matrixLabel = toText(stored.matrixLabel);
  const status = toText(stored.status) || 'unfinished';
  const rowSource = toText(source);
  const rowLabel = toText(stored.rowLabel);
  const startedAt = toText(stored.startedAt);
  const id = toText(stored.run);
  return {
    ...{ anchor, id, narrative: toText(stored.narrative), status, startedAt },
    isIncomplete: status !== 'completed',
    ...(file !== undefined && { fileName: toText(file).replace(/^.*[\\/]/, '') }),
    models: [...new Set([...(stored.modelsServed ?? [])].map(toText))].join(', '),
    ...{ completedCount: toAmount(completedCount), total: toAmount(stored.actCount) },
    // The id of the run of one row or combination has a slash.
    hasRowRuns: source !== undefined || (matrixLabel !== '' && !id.includes('/')),
    ...{ attempts: toAmount(stored.attempts), waitMs: toAmount(stored.waitMs), tokens: toTokens(stored.usage) },
    ...(isAmount(durationMs) && { durationMs }),
    ...(isAmount(costUsd) && { costUsd }),
    ...(rowSource !== '' && { rowSource }),
    ...(rowLabel !== '' && { rowLabel }),
    ...(matrixLabel !== '' && { matrixLabel }),
    variables: toVariables(vars),
    ...(stored.error && { error: toError(stored.error) }),
  };
}

/** Converts an error; undefined if nothing of it is valid. */
function toError({ code, act, message }: ErrorReport): ReportRun['error'] {
  const name = toText(act);
  const text = formatErrorMessage({ ...(name !== '' && { act: name }), message: toText(message) });
  return text === '' && toText(code) === '' ? undefined : { code: toText(code), message: text };
}

function toVariables(value: unknown): [string, string][] {
  return typeof value === 'object' && value !== null
    ? Object.entries(value).map(([name, text]) => [name, toText(text)])
    : [];
}

/** Converts the acts of a run. The ids of their elements begin with `anchor`. Acts of the same name are numbered. */
export function toReportActs(acts: readonly RecordedAct[], anchor: string): ReportAct[] {
  const occurrences = new Map<string, number>();
  let previousEndMs = 0;
  const starts = acts.map((act) => (act as { timing?: { startedAt?: unknown } }).timing?.startedAt).filter(isAmount);
  // Parallel acts are not stored in the order in which they started, so any of them may be the first.
  const firstStartedAt = starts.reduce<number | undefined>(
    (first, start) => Math.min(first ?? start, start),
    undefined,
  );
  return acts.map((stored, index) => {
    const name = toText(stored.act);
    const occurrence = (occurrences.get(name) ?? 0) + 1;
    occurrences.set(name, occurrence);
    const act = toReportAct(stored, { anchor: `${anchor}-a${index + 1}`, occurrence, previousEndMs, firstStartedAt });
    previousEndMs = act.timing.startMs + act.timing.durationMs;
    return act;
  });
}
