import { setImmediate } from 'node:timers/promises';
import type Database from 'libsql';
import type { Clock } from '../driver/clock.js';
import { BoticelliError } from '../errors.js';
import type { Keeper } from './keeper.js';
import { pageOf } from './page.js';

export interface SqliteKeeperOptions {
  /** Has the table `quota_pages (key, page)`. */
  database: Database.Database;
  clock: Clock;
  /** How long to try where another program holds the lock. Default 90 s. */
  patienceMs?: number;
  /** Called once, when waiting for the lock begins to be noticed. */
  onLocked?: () => void;
}

/** Keeps pages in SQLite, for all processes of a machine: a page is a row of JSON, read and written in one transaction. */
export function createSqliteKeeper(options: SqliteKeeperOptions): Keeper {
  const { database } = options;
  const read = database.prepare('SELECT page FROM quota_pages WHERE key = ?').raw(true);
  const readAll = database.prepare('SELECT key, page FROM quota_pages').raw(true);
  const write = database.prepare(
    'INSERT INTO quota_pages (key, page) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET page = excluded.page',
  );
  const remove = database.prepare('DELETE FROM quota_pages WHERE key = ?');

  return {
    transact: (key, change) =>
      whenFree(options, () =>
        inTransaction(database, () => {
          const [json] = (read.get(key) ?? []) as [string?];
          const page = pageOf(json);
          const result = change(page);
          const changed = JSON.stringify(page);
          if (changed !== json) write.run(key, changed);
          return result;
        }),
      ),
    // Without a transaction: so it works on a full disk too.
    pages: () =>
      whenFree(options, () => {
        const rows = readAll.all() as [string, string][];
        return new Map(rows.map(([key, json]) => [key, pageOf(json)]));
      }),
    forget: (key) => whenFree(options, () => void remove.run(key)),
  };
}

/**
 * Does the work as soon as the lock can be had. SQLite's own waiting would block Ctrl-C, so it is short
 * (see open-database.ts), and the rest is tried again from here.
 */
async function whenFree<Result>(
  { clock, patienceMs = 90_000, onLocked }: SqliteKeeperOptions,
  work: () => Result,
): Promise<Result> {
  const startedAt = clock.now();
  let told = false;
  for (;;) {
    try {
      return work();
    } catch (thrown) {
      if (!isBusy(thrown)) throw thrown;
      const waitedMs = clock.now() - startedAt;
      if (waitedMs > patienceMs) throw locked(thrown);
      if (waitedMs > 1000 && !told) onLocked?.();
      told ||= waitedMs > 1000;
    }
    await clock.sleep(1 + Math.random() * 6);
    // Node would go from one such timer to the next, and hear of no signal meanwhile.
    await setImmediate();
  }
}

function inTransaction<Result>(database: Database.Database, work: () => Result): Result {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    database.exec('COMMIT');
    return result;
  } catch (thrown) {
    if (database.inTransaction) database.exec('ROLLBACK');
    throw thrown;
  }
}

function isBusy(thrown: unknown): boolean {
  return thrown instanceof Error && /^SQLITE_(BUSY|LOCKED)/.test(String(Reflect.get(thrown, 'code')));
}

function locked(cause: unknown): BoticelliError {
  return new BoticelliError('output_failed', 'another program keeps the quota book locked', {
    hint: 'Find out what holds boticelli.db open, or run with --no-rate-limit if you know that quota is left.',
    cause,
  });
}
