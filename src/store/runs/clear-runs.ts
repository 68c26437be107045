import type Database from 'libsql';
import { runInTransaction } from '../../database/transaction.js';
import { retryWhileLocked } from '../../database/wait-for-lock.js';
import { replaceNuls } from '../replies/reply-cache.js';

/** Which runs are meant: all that every field says, so with none of them all. */
export interface ClearFilter {
  /** Those that began before this moment, in milliseconds since the epoch. */
  before?: number;
  /** Those of the narrative of this name. */
  narrative?: string;
}

/** How much of each. */
export interface ClearedCounts {
  runs: number;
  replies: number;
}

/** Counts what would be cleared. */
export function countClearable(database: Database.Database, filter: ClearFilter): ClearedCounts {
  const count = (table: 'runs' | 'answers') => {
    const { where, values } = buildCondition(table, filter);
    const statement = database.prepare(`SELECT count(*) FROM ${table} WHERE ${where}`).raw(true);
    return (statement.get(...values) as [number])[0];
  };
  return { runs: count('runs'), replies: count('answers') };
}

/** Forgets runs and the answers that `--resume` would take, and gives their room on the disk back where it can. */
export async function clearRuns(database: Database.Database, filter: ClearFilter): Promise<ClearedCounts> {
  const cleared = await retryWhileLocked(() =>
    runInTransaction(database, () => {
      const runs = buildCondition('runs', filter);
      database.prepare(`DELETE FROM acts WHERE run IN (SELECT id FROM runs WHERE ${runs.where})`).run(...runs.values);
      const remove = (table: 'runs' | 'answers') => {
        const { where, values } = buildCondition(table, filter);
        return database.prepare(`DELETE FROM ${table} WHERE ${where}`).run(...values).changes;
      };
      return { runs: remove('runs'), replies: remove('answers') };
    }),
  );
  if (cleared.runs + cleared.replies > 0) reclaimSpace(database);
  return cleared;
}

/** What is deleted stays readable in the file until its room is used anew: a person who clears does not expect that. */
function reclaimSpace(database: Database.Database): void {
  try {
    database.exec('VACUUM');
    database.pragma('wal_checkpoint(TRUNCATE)');
  } catch {
    // Another process is at it, or the disk is full. It is cleared all the same.
  }
}

function buildCondition(table: 'runs' | 'answers', { before, narrative }: ClearFilter) {
  const timeColumn = table === 'runs' ? 'started_at' : 'answered_at';
  const parts = [
    ...(before === undefined ? [] : ([[`${timeColumn} < ?`, before]] as const)),
    ...(narrative === undefined ? [] : ([['narrative = ?', replaceNuls(narrative)]] as const)),
  ];
  return {
    where: parts.length === 0 ? 'TRUE' : parts.map(([sql]) => sql).join(' AND '),
    values: parts.map(([, value]) => value),
  };
}
