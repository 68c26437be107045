import type Database from 'libsql';

/** A list of models as the database has it. */
export interface CatalogueRow {
  /** Milliseconds since the epoch. */
  fetchedAt: number;
  /** JSON, as it was written. */
  models: string;
}

/** The lists of models in the database, each by a key that has no API key in it. They throw SQLite's errors. */
export interface CatalogueRows {
  read(key: string): CatalogueRow | undefined;
  /** The youngest of those whose key begins so. */
  youngest(keyPrefix: string): CatalogueRow | undefined;
  /** Writes a list, and forgets those that are over a week older. */
  write(key: string, row: CatalogueRow): void;
}

const weekMs = 7 * 86_400_000;

/** @param database has the table `catalogues (key, fetched_at, models)` */
export function createCatalogueRows(database: Database.Database): CatalogueRows {
  const columns = 'SELECT fetched_at, models FROM catalogues';
  return {
    read: (key) => rowOf(database.prepare(`${columns} WHERE key = ?`).raw(true).get(key)),
    youngest(keyPrefix) {
      const query = `${columns} WHERE substr(key, 1, ?) = ? ORDER BY fetched_at DESC LIMIT 1`;
      return rowOf(database.prepare(query).raw(true).get(keyPrefix.length, keyPrefix));
    },
    write(key, { fetchedAt, models }) {
      database
        .prepare('REPLACE INTO catalogues (key, fetched_at, models) VALUES (?, ?, ?)')
        .run(key, fetchedAt, models);
      database.prepare('DELETE FROM catalogues WHERE fetched_at < ?').run(fetchedAt - weekMs);
    },
  };
}

function rowOf(row: unknown): CatalogueRow | undefined {
  const [fetchedAt, models] = Array.isArray(row) ? row : [];
  return typeof fetchedAt === 'number' && typeof models === 'string' ? { fetchedAt, models } : undefined;
}
