import type Database from 'libsql';
import { runInTransaction } from '../../database/transaction.js';
import { retryWhileLocked } from '../../database/wait-for-lock.js';

/** How long runs and their replies are kept by default: 30 days. */
export const defaultKeepMs = 30 * 86_400_000;

/** The maximum number of rows deleted at the end of a run, so that it takes little time. Later runs delete the rest. */
const maxRuns = 500;
const maxReplies = 5000;

/**
 * Deletes runs and replies that are older than `keepMs`. Deletes nothing until the oldest row exceeds that age by a
 * thirtieth. Most runs therefore delete nothing and need only two index lookups.
 *
 * @param now milliseconds since the epoch
 */
export async function pruneRuns(database: Database.Database, now: number, keepMs: number): Promise<void> {
  const isDue = (table: string, column: string) => {
    const [oldest] = database.prepare(`SELECT min(${column}) FROM ${table}`).raw(true).get() as [number | null];
    return oldest !== null && oldest < now - keepMs * (31 / 30);
  };
  if (!isDue('runs', 'started_at') && !isDue('answers', 'answered_at')) return;
  const oldRuns = `SELECT id FROM runs WHERE started_at < ? ORDER BY started_at LIMIT ${maxRuns}`;
  const oldReplies = `SELECT rowid FROM answers WHERE answered_at < ? ORDER BY answered_at LIMIT ${maxReplies}`;
  await retryWhileLocked(() =>
    runInTransaction(database, () => {
      database.prepare(`DELETE FROM acts WHERE run IN (${oldRuns})`).run(now - keepMs);
      database.prepare(`DELETE FROM runs WHERE id IN (${oldRuns})`).run(now - keepMs);
      database.prepare(`DELETE FROM answers WHERE rowid IN (${oldReplies})`).run(now - keepMs);
    }),
  );
}
