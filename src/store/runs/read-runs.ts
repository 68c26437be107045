import type Database from 'libsql';
import { hasColumn } from '../../database/schema.js';
import { isRecord, toList, tryParseJson } from '../../util/json.js';
import { replaceNuls } from '../replies/reply-cache.js';
import type { RecordedAct, RecordedRun } from './recorded-run.js';
import { hasMatrixColumn } from './row-runs.js';
import { addRowModels, addRowTotals } from './row-totals.js';
import { isErrorReport, isProgressEvent, isPrompt, isTiming, toActEnd } from './valid-records.js';

/** The columns of `runs`, renamed to the fields of `RecordedRun` and in their order. */
const baseColumns = `id AS run, narrative, file, file_hash AS fileHash, started_at AS startedAt,
  ifnull(status, 'unfinished') AS status, act_count AS actCount, acts_ended AS actsEnded, models_asked AS modelsAsked,
  models_served AS modelsServed, attempts, wait_ms AS waitMs, usage, cost_usd AS costUsd,
  duration_ms AS durationMs, error`;

/** The columns that contain JSON. */
const jsonColumns = ['modelsAsked', 'modelsServed', 'usage', 'error', 'vars'];

/** The columns that contain a number. The others contain text. */
const numberColumns = ['startedAt', 'actCount', 'actsEnded', 'attempts', 'waitMs', 'costUsd', 'durationMs'];

/** The defaults of required fields whose stored value has the wrong type. */
const defaults = {
  ...{ run: '', narrative: 'unknown', status: 'unfinished', actCount: 0, actsEnded: 0, attempts: 0, waitMs: 0 },
} as const;

function listColumns(database: Database.Database): string {
  return hasColumn(database, 'runs', 'vars') ? `${baseColumns}, vars` : baseColumns;
}

/** A row of the table `runs`, with its columns renamed. */
type StoredRun = { startedAt: number } & Record<string, string | number | null>;

/** The SQL condition that excludes the runs of rows, whose ids have a slash. */
const wholeRunCondition = "instr(id, '/') = 0";

/** Selects the runs that match every given field. */
export interface RunFilter {
  /** The name of the narrative. */
  narrative?: string;
  /** Runs that started at this time or later, in milliseconds since the epoch. */
  since?: number;
  /** Only runs that did not complete, unfinished ones included. */
  failed?: boolean;
}

/**
 * Lists runs, newest first, without the runs of rows. `total` is the number of all recorded runs that match the filter.
 */
export function listRuns(
  database: Database.Database,
  limit: number,
  { narrative, since, failed }: RunFilter = {},
): { runs: RecordedRun[]; total: number } {
  const conditions: [sql: string, ...values: (string | number)[]][] = [
    [wholeRunCondition],
    ...(narrative === undefined ? [] : [['narrative = ?', replaceNuls(narrative)] as [string, string]]),
    ...(since === undefined ? [] : [['started_at >= ?', since] as [string, number]]),
    ...(failed ? [["ifnull(status, '') <> 'completed'"] as [string]] : []),
  ];
  const where = conditions.map(([sql]) => sql).join(' AND ');
  const values = conditions.flatMap(([, ...conditionValues]) => conditionValues);
  const select = database.prepare(
    `SELECT ${listColumns(database)} FROM runs WHERE ${where} ORDER BY started_at DESC, id DESC LIMIT ?`,
  );
  const selectCount = database.prepare(`SELECT count(*) FROM runs WHERE ${where}`).raw(true);
  const [total] = selectCount.get(...values) as [number];
  return { runs: addRowData(database, (select.all(...values, limit) as StoredRun[]).map(toRecordedRun)), total };
}

/** Lists the names of narratives that were run, the most recent first. */
export function listNarrativeNames(database: Database.Database, limit: number): string[] {
  const select = database.prepare(
    'SELECT narrative FROM runs GROUP BY narrative ORDER BY max(started_at) DESC LIMIT ?',
  );
  return (select.raw(true).all(limit) as [string][]).map(([name]) => String(name));
}

/** Lists the runs of the single rows (`--each`) or combinations (`--matrix`) of a run, in their order. */
export function listRowRuns(database: Database.Database, runId: string): RecordedRun[] {
  const select = database.prepare(
    `SELECT ${listColumns(database)} FROM runs WHERE id > ? AND id < ? ORDER BY cast(substr(id, ?) AS INTEGER)`,
  );
  // `0` is the character after `/`: the range holds all ids that begin with `<runId>/`.
  const found = (select.all(`${runId}/`, `${runId}0`, runId.length + 2) as StoredRun[]).map(toRecordedRun);
  return addRowData(database, found);
}

/** The number of the entry in `row_runs` that stands for a whole run. Its label is the name of the source. */
const wholeRunNumber = '0';

/**
 * Adds the data of the table `row_runs`. A run with rows gets the name of their source, and the run of a row gets the
 * label of the row. Both get their values of `--matrix`. An unfinished run with rows also gets the totals and models of
 * its rows. A run with rows that has ended has stored totals, and gets only the models. Other runs are returned as they
 * are. The first run with rows creates `row_runs`, so a database without this table has no runs with rows.
 */
function addRowData(database: Database.Database, runs: RecordedRun[]): RecordedRun[] {
  const hasTable = database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'row_runs'").get() !== undefined;
  if (!hasTable) return runs;
  const matrixColumn = hasMatrixColumn(database) ? 'matrix' : 'NULL';
  const select = database.prepare(`SELECT label, ${matrixColumn} FROM row_runs WHERE run = ? AND number = ?`).raw(true);
  return runs.map((run) => {
    const { run: id } = run;
    const [wholeRunId = '', number = wholeRunNumber] = id.split('/');
    const [label, matrix] = (select.get(wholeRunId, Number(number)) as [string, string | null] | undefined) ?? [];
    if (typeof label !== 'string') return run;
    const isWholeRun = number === wholeRunNumber;
    const labelled = { ...run, ...toLabels(label, isWholeRun), ...parseMatrix(matrix) };
    if (!isWholeRun) return labelled;
    return run.status === 'unfinished' ? addRowTotals(database, labelled) : addRowModels(database, labelled);
  });
}

/** An empty label means that there are no rows, only combinations of `--matrix`. They are stored like rows. */
function toLabels(label: string, isWholeRun: boolean): Pick<RecordedRun, 'source' | 'rowLabel'> {
  if (label === '') return {};
  return isWholeRun ? { source: label } : { rowLabel: label };
}

function parseMatrix(json: string | null | undefined): Pick<RecordedRun, 'matrix' | 'matrixLabel'> {
  const matrix = parseColumn(json);
  if (!isRecord(matrix) || typeof matrix.label !== 'string' || !isRecord(matrix.values)) return {};
  return { matrix: matrix.values, matrixLabel: matrix.label };
}

/**
 * Finds runs whose ids begin with the prefix, newest first, and at most three, which are enough to report an ambiguous
 * prefix. The prefix `last` finds the newest run. If a slash and a number follow the prefix, finds the run of the row
 * with that number. With `--matrix`, all combinations of all rows are numbered: in a run of two rows with two
 * combinations, `last/3` is the second row with the first combination.
 */
export function findRuns(database: Database.Database, prefix: string): RecordedRun[] {
  const [idPrefix = '', number] = prefix.split('/');
  const runs = idPrefix === 'last' ? listRuns(database, 1).runs : findWholeRuns(database, idPrefix);
  if (number === undefined) return runs;
  const select = database.prepare(`SELECT ${listColumns(database)} FROM runs WHERE id = ?`);
  const rowRuns = runs.flatMap(({ run: id }) => (select.all(`${id}/${number}`) as StoredRun[]).map(toRecordedRun));
  return addRowData(database, rowRuns);
}

function findWholeRuns(database: Database.Database, prefix: string): RecordedRun[] {
  const select = database.prepare(
    `SELECT ${listColumns(database)} FROM runs WHERE id >= ? AND id < ? AND ${wholeRunCondition} ORDER BY id DESC LIMIT 3`,
  );
  return addRowData(database, (select.all(prefix, `${prefix}\u{10ffff}`) as StoredRun[]).map(toRecordedRun));
}

/** Lists the acts of a run that have ended or failed, in order. */
export function listActs(database: Database.Database, runId: string): RecordedAct[] {
  const details = hasColumn(database, 'acts', 'timing') ? 'timing, prompt' : 'NULL, NULL';
  const columns = `act, ended AS endEvent, told AS events, ${details}`;
  const select = database.prepare(`SELECT ${columns} FROM acts WHERE run = ? ORDER BY position`);
  return (select.raw(true).all(runId) as [string, ...(string | null)[]][]).map(([name, ...json]) => {
    const act = String(name);
    const [endEvent, events, timing, prompt] = json.map(parseColumn);
    const end = toActEnd(endEvent, act);
    return {
      act,
      ...(end && { end }),
      events: toList(events).filter(isProgressEvent),
      ...(isTiming(timing) && { timing }),
      ...(isPrompt(prompt) && { prompt }),
    };
  });
}

/**
 * Converts a row of the table `runs`. Values that are NULL or not valid are left out or replaced with defaults, so that
 * a damaged row does not hide the others.
 */
function toRecordedRun(stored: StoredRun): RecordedRun {
  const plainFields = Object.entries(stored).filter(([name, value]) => {
    // A damaged file may have bytes in the place of text.
    return !jsonColumns.includes(name) && typeof value === (numberColumns.includes(name) ? 'number' : 'string');
  });
  const [modelsAsked, modelsServed] = [stored.modelsAsked, stored.modelsServed].map((json) =>
    toList(parseColumn(json)),
  );
  const [usage, error, vars] = [stored.usage, stored.error, stored.vars].map(parseColumn);
  return {
    ...defaults,
    ...(Object.fromEntries(plainFields) as unknown as RecordedRun),
    ...({ modelsAsked, modelsServed } as Pick<RecordedRun, 'modelsAsked' | 'modelsServed'>),
    usage: isRecord(usage) ? usage : {},
    ...(isErrorReport(error) && { error }),
    ...(isRecord(vars) && { vars: toTexts(vars) }),
    startedAt: formatTime(stored.startedAt),
  };
}

function parseColumn(json: string | number | null | undefined): unknown {
  return typeof json === 'string' ? tryParseJson(json) : undefined;
}

/** Returns the fields that are text. */
function toTexts(record: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(record).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

/** Formats a time as ISO 8601 in UTC; the epoch if the time is outside of the range of dates. */
function formatTime(timeMs: number): string {
  const date = new Date(timeMs);
  return new Date(Number.isNaN(date.getTime()) ? 0 : date).toISOString();
}
