import type Database from 'libsql';
import { inTransaction } from '../../database/transaction.js';
import { type WaitOptions, whenBookFree } from '../../database/wait-for-lock.js';
import { pageOf } from '../limiter/model-state.js';
import type { Keeper } from './quota-store.js';

export interface SqliteKeeperOptions extends Omit<WaitOptions, 'pauseMs'> {
  /** Has the table `quota_pages (key, page)`. */
  database: Database.Database;
}

/** Keeps pages in SQLite, for all processes of a machine: a page is a row of JSON, read and written in one transaction. */
export function createSqliteKeeper({ database, ...waiting }: SqliteKeeperOptions): Keeper {
  const read = database.prepare('SELECT page FROM quota_pages WHERE key = ?').raw(true);
  const readAll = database.prepare('SELECT key, page FROM quota_pages').raw(true);
  const write = database.prepare(
    'INSERT INTO quota_pages (key, page) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET page = excluded.page',
  );
  const remove = database.prepare('DELETE FROM quota_pages WHERE key = ?');
  const whenFree = <Result>(work: () => Result) => whenBookFree(work, waiting);

  return {
    transact: (key, change) =>
      whenFree(() =>
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
      whenFree(() => {
        const rows = readAll.all() as [string, string][];
        return new Map(rows.map(([key, json]) => [key, pageOf(json)]));
      }),
    forget: (key) => whenFree(() => inTransaction(database, () => void remove.run(key))),
  };
}
