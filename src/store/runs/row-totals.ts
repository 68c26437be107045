import type Database from 'libsql';
import { addCosts } from '../../driver/cost.js';
import { addUsage, type Usage, zeroUsage } from '../../driver/response.js';
import { isRecord, tryParseJson } from '../../util/json.js';
import type { RecordedRun } from './recorded-run.js';

/** The stored columns of the run of a row, which is stored when it ends. Models and usage are JSON. */
interface RowRecord {
  status: string;
  models_asked: string;
  models_served: string;
  attempts: number;
  wait_ms: number;
  usage: string;
  cost_usd: number | null;
}

/**
 * Adds the totals and models of all stored rows to a run that is in progress or was killed. The run has no totals of
 * its own, because the totals are stored only at the end of the run. A row is stored only when the row ends, with or
 * without a reply.
 */
export function addRowTotals(database: Database.Database, run: RecordedRun): RecordedRun {
  const { run: id } = run;
  const select = database.prepare(
    `SELECT status, models_asked, models_served, attempts, wait_ms, usage, cost_usd FROM runs WHERE id > ? AND id < ?`,
  );
  const models = { asked: new Set<string>(), served: new Set<string>() };
  const counts = { storedRows: 0, completedRows: 0, attempts: 0, waitMs: 0 };
  let usage: Usage = zeroUsage;
  let costUsd: number | undefined = 0;
  // `0` is the character after `/`: the range holds all ids that begin with `<id>/`.
  for (const row of select.iterate(`${id}/`, `${id}0`) as Iterable<RowRecord>) {
    counts.storedRows += 1;
    if (row.status === 'completed') counts.completedRows += 1;
    counts.attempts += row.attempts;
    counts.waitMs += row.wait_ms;
    addModels(models.asked, row.models_asked);
    addModels(models.served, row.models_served);
    const rowUsage = tryParseJson(row.usage);
    usage = addUsage(usage, isRecord(rowUsage) ? rowUsage : {});
    // A row that completed without a cost has an unknown price, which makes the total unknown. A row that failed
    // without a cost adds nothing.
    if (row.cost_usd !== null || row.status === 'completed') costUsd = addCosts(costUsd, row.cost_usd ?? undefined);
  }
  const { storedRows, completedRows, ...totals } = counts;
  const { actCount: plannedRows, costUsd: _, ...rest } = run;
  return {
    ...{ ...rest, ...totals, usage },
    // In a run with rows, `actCount` is the number of rows, and `actsEnded` the number of completed rows.
    // `plannedRows` is 0 for rows from standard input, which can't be counted before they are read.
    ...{ actCount: Math.max(plannedRows, storedRows), actsEnded: completedRows },
    ...{ modelsAsked: [...models.asked], modelsServed: [...models.served] },
    ...(storedRows > 0 && costUsd !== undefined && { costUsd }),
  };
}

/** Adds the models of all rows to a run that has ended. */
export function addRowModels(database: Database.Database, run: RecordedRun): RecordedRun {
  const models = { asked: new Set<string>(), served: new Set<string>() };
  const { run: id } = run;
  const select = database.prepare('SELECT DISTINCT models_asked, models_served FROM runs WHERE id > ? AND id < ?');
  for (const row of select.all(`${id}/`, `${id}0`) as Pick<RowRecord, 'models_asked' | 'models_served'>[]) {
    addModels(models.asked, row.models_asked);
    addModels(models.served, row.models_served);
  }
  return { ...run, modelsAsked: [...models.asked], modelsServed: [...models.served] };
}

function addModels(models: Set<string>, json: string): void {
  const names = tryParseJson(json);
  for (const name of Array.isArray(names) ? names : []) if (typeof name === 'string') models.add(name);
}
