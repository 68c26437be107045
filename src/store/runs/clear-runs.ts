import type Database from 'libsql';
import { inTransaction } from '../../database/transaction.js';
import { whenFree } from '../../database/wait-for-lock.js';
import { columnText } from '../replies/reply-cache.js';

/** Which runs are meant: all that every field says, so with none of them all. */
export interface Clearing {
  /** Those that began before this moment, in milliseconds since the epoch. */
  before?: number;
  /** Those of the narrative of this name. */
  narrative?: string;
}

/** How much of each. */
export interface Cleared {
  runs: number;
  answers: number;
}

/** Counts what would be cleared. */
export function countCleared(database: Database.Database, clearing: Clearing): Cleared {
  const count = (table: 'runs' | 'answers') => {
    const { where, values } = condition(table, clearing);
    const counting = database.prepare(`SELECT count(*) FROM ${table} WHERE ${where}`).raw(true);
    return (counting.get(...values) as [number])[0];
  };
  return { runs: count('runs'), answers: count('answers') };
}

/** Forgets runs and the answers that `--resume` would take, and gives their room on the disk back where it can. */
export async function clearRuns(database: Database.Database, clearing: Clearing): Promise<Cleared> {
  const cleared = await whenFree(() =>
    inTransaction(database, () => {
      const runs = condition('runs', clearing);
      database.prepare(`DELETE FROM acts WHERE run IN (SELECT id FROM runs WHERE ${runs.where})`).run(...runs.values);
      const remove = (table: 'runs' | 'answers') => {
        const { where, values } = condition(table, clearing);
        return database.prepare(`DELETE FROM ${table} WHERE ${where}`).run(...values).changes;
      };
      return { runs: remove('runs'), answers: remove('answers') };
    }),
  );
  if (cleared.runs + cleared.answers > 0) giveRoomBack(database);
  return cleared;
}

/** What is deleted stays readable in the file until its room is used anew: a person who clears does not expect that. */
function giveRoomBack(database: Database.Database): void {
  try {
    database.exec('VACUUM');
    database.pragma('wal_checkpoint(TRUNCATE)');
  } catch {
    // Another process is at it, or the disk is full. It is cleared all the same.
  }
}

function condition(table: 'runs' | 'answers', { before, narrative }: Clearing) {
  const age = table === 'runs' ? 'started_at' : 'answered_at';
  const parts = [
    ...(before === undefined ? [] : ([[`${age} < ?`, before]] as const)),
    ...(narrative === undefined ? [] : ([['narrative = ?', columnText(narrative)]] as const)),
  ];
  return {
    where: parts.length === 0 ? 'TRUE' : parts.map(([words]) => words).join(' AND '),
    values: parts.map(([, value]) => value),
  };
}
