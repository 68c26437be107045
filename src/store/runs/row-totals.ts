import type Database from 'libsql';
import { addCosts } from '../../driver/cost.js';
import { addUsage, type Usage, zeroUsage } from '../../driver/response.js';
import { isRecord, tryParseJson } from '../../util/json.js';
import type { RecordedRun } from './recorded-run.js';

/** The stored columns of a row's run. Models and usage are JSON. */
interface RowRecord {
  status: string | null;
  models_asked: string;
  models_served: string;
  attempts: number;
  wait_ms: number;
  usage: string;
  cost_usd: number | null;
}

/**
 * Adds the totals and models of all ended rows to a run that is in progress or was killed. The run has no totals of its
 * own, because they are stored only at its end. In a run with rows, `actCount` is the number of all
 * rows, and `actsEnded` the number of rows that completed.
 */
export function addRowTotals(database: Database.Database, run: RecordedRun): RecordedRun {
  const { run: id } = run;
  const select = database.prepare(
    `SELECT status, models_asked, models_served, attempts, wait_ms, usage, cost_usd FROM runs WHERE id > ? AND id < ?`,
  );
  const models = { asked: new Set<string>(), served: new Set<string>() };
  const counts = { endedRows: 0, completedRows: 0, attempts: 0, waitMs: 0 };
  let usage: Usage = zeroUsage;
  let costUsd: number | undefined = 0;
  // `0` is the character after `/`: the range holds all ids that begin with `<id>/`.
  for (const row of select.iterate(`${id}/`, `${id}0`) as Iterable<RowRecord>) {
    counts.endedRows += 1;
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
  const { endedRows, completedRows, ...totals } = counts;
  const { costUsd: _, ...rest } = run;
  // The stored number of rows is 0 for rows from standard input, which can't be counted before they are read.
  return {
    ...{ ...rest, ...totals, usage },
    ...{ actCount: Math.max(run.actCount, endedRows), actsEnded: completedRows },
    ...{ modelsAsked: [...models.asked], modelsServed: [...models.served] },
    ...(endedRows > 0 && costUsd !== undefined && { costUsd }),
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
