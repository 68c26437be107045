import type Database from 'libsql';

/** A list of models as the database has it. */
export interface ModelListRow {
  /** Milliseconds since the epoch. */
  fetchedAt: number;
  /** JSON, as it was written. */
  models: string;
}

/** The lists of models in the database, each by a key that has no API key in it. They throw SQLite's errors. */
export interface ModelListRows {
  read(key: string): ModelListRow | undefined;
  /** The youngest of those whose key begins so. */
  newest(keyPrefix: string): ModelListRow | undefined;
  /** Writes a list, and forgets those that are over a week older. */
  write(key: string, row: ModelListRow): void;
}

const weekMs = 7 * 86_400_000;

/** @param database has the table `catalogues (key, fetched_at, models)` */
export function createModelListRows(database: Database.Database): ModelListRows {
  const columns = 'SELECT fetched_at, models FROM catalogues';
  return {
    read: (key) => toModelListRow(database.prepare(`${columns} WHERE key = ?`).raw(true).get(key)),
    newest(keyPrefix) {
      const query = `${columns} WHERE substr(key, 1, ?) = ? ORDER BY fetched_at DESC LIMIT 1`;
      return toModelListRow(database.prepare(query).raw(true).get(keyPrefix.length, keyPrefix));
    },
    write(key, { fetchedAt, models }) {
      database
        .prepare('REPLACE INTO catalogues (key, fetched_at, models) VALUES (?, ?, ?)')
        .run(key, fetchedAt, models);
      database.prepare('DELETE FROM catalogues WHERE fetched_at < ?').run(fetchedAt - weekMs);
    },
  };
}

function toModelListRow(row: unknown): ModelListRow | undefined {
  const [fetchedAt, models] = Array.isArray(row) ? row : [];
  return typeof fetchedAt === 'number' && typeof models === 'string' ? { fetchedAt, models } : undefined;
}
