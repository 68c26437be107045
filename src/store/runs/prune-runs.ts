import type Database from 'libsql';
import { runInTransaction } from '../../database/transaction.js';
import { retryWhileLocked } from '../../database/wait-for-lock.js';
import { deleteOrphanedRowLabels } from './row-runs.js';

/** How long runs and their replies are kept by default: 30 days. */
export const defaultKeepMs = 30 * 86_400_000;

/**
 * The maximum numbers of runs and replies deleted at the end of a run, so that deleting takes little time. Later runs
 * delete the rest.
 */
const maxRuns = 500;
const maxReplies = 5000;

/** `now` and `startedAt` are in milliseconds since the epoch. */
interface PruneTimes {
  now: number;
  /** When the current run started. */
  startedAt: number;
  /** How long runs and replies are kept. */
  keepMs: number;
}

/**
 * Deletes runs and replies that are older than `keepMs`. Deletes nothing until the oldest run or reply exceeds that age
 * by a thirtieth. Most runs therefore delete nothing and need only a few index lookups.
 *
 * The clock of a machine may be years ahead for a while, and the whole history then seems too old. Age therefore
 * counts from the newest run or reply before this run, so the first run with the wrong clock deletes only what was due.
 * The second run with the wrong clock counts age from the first one, so the whole history seems too old again. Each
 * run therefore deletes at most a span of `keepMs`, counted from the oldest run or reply. If a history spans much more
 * than `keepMs`, for example after the user lowered `[store] keep`, most of the history survives the second run. A
 * usual history spans about `keepMs`, so the second run deletes most of it.
 */
export async function pruneRuns(database: Database.Database, { now, startedAt, keepMs }: PruneTimes): Promise<void> {
  const select = (expression: string, ...values: number[]) => {
    const [time] = database
      .prepare(`SELECT ${expression}`)
      .raw(true)
      .get(...values) as [number | null];
    return time ?? undefined;
  };
  const isDefined = (time: number | undefined) => time !== undefined;
  const oldest = [select('min(started_at) FROM runs'), select('min(answered_at) FROM answers')].filter(isDefined);
  const newestBefore = [
    select('max(started_at) FROM runs WHERE started_at < ?', startedAt),
    select('max(answered_at) FROM answers WHERE answered_at < ?', startedAt),
  ].filter(isDefined);
  const oldestTime = Math.min(...oldest);
  const reference = Math.min(now, Math.max(...newestBefore));
  if (oldestTime >= reference - keepMs * (31 / 30)) return;
  const cutoff = Math.min(reference - keepMs, oldestTime + keepMs);
  const oldRuns = `SELECT id FROM runs WHERE started_at < ? ORDER BY started_at LIMIT ${maxRuns}`;
  const oldReplies = `SELECT rowid FROM answers WHERE answered_at < ? ORDER BY answered_at LIMIT ${maxReplies}`;
  await retryWhileLocked(() =>
    runInTransaction(database, () => {
      database.prepare(`DELETE FROM acts WHERE run IN (${oldRuns})`).run(cutoff);
      database.prepare(`DELETE FROM runs WHERE id IN (${oldRuns})`).run(cutoff);
      database.prepare(`DELETE FROM answers WHERE rowid IN (${oldReplies})`).run(cutoff);
      deleteOrphanedRowLabels(database);
    }),
  );
}
