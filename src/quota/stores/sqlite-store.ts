import type Database from 'libsql';
import { runInTransaction } from '../../database/transaction.js';
import { type LockWaitOptions, retryQuotaWorkWhileLocked } from '../../database/wait-for-lock.js';
import { isInitialState, type ModelState, parseModelState, serializeModelState } from '../limiter/model-state.js';
import type { QuotaStore } from './quota-store.js';

/** The options of `createSqliteQuotaStore`. */
export interface SqliteStoreOptions extends Omit<LockWaitOptions, 'pauseMs'> {
  /** Must have the table `quota_pages (key, page)`, whose `page` is the JSON of a model's state. */
  database: Database.Database;
}

/** Stores model states in SQLite, one row of JSON per model. All processes of a machine share them. */
export function createSqliteQuotaStore({ database, ...waitOptions }: SqliteStoreOptions): QuotaStore {
  const selectOne = database.prepare('SELECT page FROM quota_pages WHERE key = ?').raw(true);
  const selectAll = database.prepare('SELECT key, page FROM quota_pages').raw(true);
  const upsert = database.prepare(
    'INSERT INTO quota_pages (key, page) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET page = excluded.page',
  );
  const deleteOne = database.prepare('DELETE FROM quota_pages WHERE key = ?');
  /** The states as this process last wrote them. They are kept because parsing takes half the time of a transaction. */
  const written = new Map<string, { json: string; state: ModelState }>();
  const runWithRetries = <Result>(work: () => Result) => retryQuotaWorkWhileLocked(work, waitOptions);

  return {
    transact: (key, change) =>
      runWithRetries(() =>
        runInTransaction(database, () => {
          const [json] = (selectOne.get(key) ?? []) as [string?];
          const previous = written.get(key);
          // If `change` throws, the object may be half changed and must not be used again.
          written.delete(key);
          const state = previous !== undefined && previous.json === json ? previous.state : parseModelState(json);
          const result = change(state);
          if (json === undefined && isInitialState(state)) return result;
          const changed = serializeModelState(state);
          if (changed !== json) upsert.run(key, changed);
          written.set(key, { json: changed, state });
          return result;
        }),
      ),
    read: (key) =>
      runWithRetries(() => {
        const [json] = (selectOne.get(key) ?? []) as [string?];
        return json === undefined ? undefined : parseModelState(json);
      }),
    // Not in `runInTransaction`: its write transaction would fail on a full disk, where the states can still be read.
    readAll: () =>
      runWithRetries(() => {
        const rows = selectAll.all() as [string, string][];
        return new Map(rows.map(([key, json]) => [key, parseModelState(json)]));
      }),
    remove: (key) => runWithRetries(() => runInTransaction(database, () => void deleteOne.run(key))),
  };
}
