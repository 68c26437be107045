import type Database from 'libsql';
import { inTransaction } from '../../database/transaction.js';
import { whenFree } from '../../database/wait-for-lock.js';

/** How long runs and their replies are kept where nobody has said: 30 days. */
export const defaultKeepMs = 30 * 86_400_000;

/** The most that one run's end forgets, so that none takes long over it; the next ones go on with it. */
const mostRuns = 500;
const mostAnswers = 5000;

export interface PruneOptions {
  database: Database.Database;
  /** Milliseconds since the epoch. */
  now: number;
  keepMs: number;
}

/**
 * Forgets runs and answers that are older than `keepMs`. Two looks into an index where there is nothing to forget; and
 * there only is when something is too old by a thirtieth, so that not every run forgets what the last hour made too old.
 */
export async function prune({ database, now, keepMs }: PruneOptions): Promise<void> {
  const isDue = (table: string, column: string) => {
    const row = database.prepare(`SELECT min(${column}) FROM ${table}`).raw(true).get() as [number | null] | undefined;
    const oldest = row?.[0];
    return typeof oldest === 'number' && oldest < now - keepMs * (31 / 30);
  };
  if (!isDue('runs', 'started_at') && !isDue('answers', 'answered_at')) return;
  const oldRuns = `SELECT id FROM runs WHERE started_at < ? ORDER BY started_at LIMIT ${mostRuns}`;
  const oldAnswers = `SELECT rowid FROM answers WHERE answered_at < ? ORDER BY answered_at LIMIT ${mostAnswers}`;
  await whenFree(() =>
    inTransaction(database, () => {
      database.prepare(`DELETE FROM acts WHERE run IN (${oldRuns})`).run(now - keepMs);
      database.prepare(`DELETE FROM runs WHERE id IN (${oldRuns})`).run(now - keepMs);
      database.prepare(`DELETE FROM answers WHERE rowid IN (${oldAnswers})`).run(now - keepMs);
    }),
  );
}
