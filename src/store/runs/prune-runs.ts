import type Database from 'libsql';
import { runInTransaction } from '../../database/transaction.js';
import { retryWhileLocked } from '../../database/wait-for-lock.js';

/** How long runs and their replies are kept where nobody has said: 30 days. */
export const defaultKeepMs = 30 * 86_400_000;

/** The most that one run's end forgets, so that none takes long over it; the next ones go on with it. */
const maxRuns = 500;
const maxReplies = 5000;

export interface PruneRunsOptions {
  database: Database.Database;
  /** Milliseconds since the epoch. */
  now: number;
  keepMs: number;
}

/**
 * Forgets runs and answers that are older than `keepMs`. Two looks into an index where there is nothing to forget; and
 * there only is when something is too old by a thirtieth, so that not every run forgets what the last hour made too old.
 */
export async function pruneRuns({ database, now, keepMs }: PruneRunsOptions): Promise<void> {
  const isDue = (table: string, column: string) => {
    const row = database.prepare(`SELECT min(${column}) FROM ${table}`).raw(true).get() as [number | null] | undefined;
    const oldest = row?.[0];
    return typeof oldest === 'number' && oldest < now - keepMs * (31 / 30);
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
