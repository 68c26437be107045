import type Database from 'libsql';
import { runInTransaction } from '../../database/transaction.js';
import { retryWhileLocked } from '../../database/wait-for-lock.js';
import { replaceNuls } from '../replies/reply-cache.js';
import { deleteOrphanedRowLabels } from './row-runs.js';

/** Selects the runs and the stored replies that match every given field. Without fields, selects all of them. */
export interface ClearFilter {
  /** Runs that started and replies that arrived before this time, in milliseconds since the epoch. */
  before?: number;
  /** Runs and replies of the narrative with this name. */
  narrative?: string;
}

/** How many runs and replies are cleared. */
export interface ClearedCounts {
  runs: number;
  replies: number;
}

/** Counts what `clearRuns` would delete. A run with rows counts as one run. */
export function countClearable(database: Database.Database, filter: ClearFilter): ClearedCounts {
  const count = (table: 'runs' | 'answers') => {
    const { where, values } = buildCondition(table, filter);
    // Each row of a run is also stored as a run, with the id `<run>/<number>`.
    const onlyWholeRuns = table === 'runs' ? " AND instr(id, '/') = 0" : '';
    const statement = database.prepare(`SELECT count(*) FROM ${table} WHERE ${where}${onlyWholeRuns}`).raw(true);
    return (statement.get(...values) as [number])[0];
  };
  return { runs: count('runs'), replies: count('answers') };
}

/**
 * Deletes the runs and the stored replies that match the filter. `--resume` can then no longer reuse these replies.
 * Frees their disk space if possible.
 */
export async function clearRuns(database: Database.Database, filter: ClearFilter): Promise<ClearedCounts> {
  const cleared = await retryWhileLocked(() =>
    runInTransaction(database, () => {
      const { where, values } = buildCondition('runs', filter);
      database.prepare(`DELETE FROM acts WHERE run IN (SELECT id FROM runs WHERE ${where})`).run(...values);
      const remove = (table: 'runs' | 'answers') => {
        const condition = buildCondition(table, filter);
        database.prepare(`DELETE FROM ${table} WHERE ${condition.where}`).run(...condition.values);
      };
      const counts = countClearable(database, filter);
      remove('runs');
      remove('answers');
      deleteOrphanedRowLabels(database);
      return counts;
    }),
  );
  if (cleared.runs + cleared.replies > 0) reclaimSpace(database);
  return cleared;
}

/** Counts the records of all tables: runs, replies, and what is known about quota and models. */
export function countEverything(database: Database.Database): number {
  const count = (table: string) => (database.prepare(`SELECT count(*) FROM "${table}"`).raw(true).get() as [number])[0];
  return listTables(database).reduce((sum, table) => sum + count(table), 0);
}

/** Deletes the records of all tables. Another process that uses the database continues, and may write new ones. */
export async function clearEverything(database: Database.Database): Promise<void> {
  await retryWhileLocked(() =>
    runInTransaction(database, () => {
      for (const table of listTables(database)) database.exec(`DELETE FROM "${table}"`);
    }),
  );
  reclaimSpace(database);
}

function listTables(database: Database.Database): string[] {
  const query = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").raw(true);
  // The tables that SQLite and libsql keep for themselves are left out, and so is a name that would need escaping.
  return (query.all() as [string][]).flat().filter((name) => !/^(sqlite|libsql)_|"/.test(name));
}

/** Removes the deleted data from the file. Without this, SQLite leaves the data readable there. */
function reclaimSpace(database: Database.Database): void {
  try {
    database.exec('VACUUM');
    database.pragma('wal_checkpoint(TRUNCATE)');
  } catch {
    // Another process uses the database, or the disk is full. The records are deleted even so.
  }
}

function buildCondition(table: 'runs' | 'answers', { before, narrative }: ClearFilter) {
  const timeColumn = table === 'runs' ? 'started_at' : 'answered_at';
  const conditions = [
    ...(before === undefined ? [] : ([[`${timeColumn} < ?`, before]] as const)),
    ...(narrative === undefined ? [] : ([['narrative = ?', replaceNuls(narrative)]] as const)),
  ];
  return {
    where: conditions.length === 0 ? 'TRUE' : conditions.map(([sql]) => sql).join(' AND '),
    values: conditions.map(([, value]) => value),
  };
}
