import type Database from 'libsql';

/** A stored list of models. */
export interface ModelListRow {
  /** When the service listed the models (column `fetched_at`), in milliseconds since the epoch. */
  listedAt: number;
  /** The list as JSON. */
  models: string;
}

/**
 * Reads and writes the stored lists of models. The `key` of a list is made from hashes of the service's address and the
 * API key. The functions throw SQLite's errors.
 */
export interface ModelListQueries {
  read(key: string): ModelListRow | undefined;
  /** Reads the newest list whose key has the prefix. */
  readNewest(keyPrefix: string): ModelListRow | undefined;
  /** Writes a list, and deletes the lists that are more than a week older. */
  write(key: string, row: ModelListRow): void;
}

const weekMs = 7 * 86_400_000;

/**
 * Creates the functions that read and write the stored lists of models.
 * @param database must have the table `catalogues (key, fetched_at, models)`
 */
export function createModelListQueries(database: Database.Database): ModelListQueries {
  const select = 'SELECT fetched_at, models FROM catalogues';
  return {
    read: (key) => toModelListRow(database.prepare(`${select} WHERE key = ?`).raw(true).get(key)),
    readNewest(keyPrefix) {
      const query = `${select} WHERE substr(key, 1, ?) = ? ORDER BY fetched_at DESC LIMIT 1`;
      return toModelListRow(database.prepare(query).raw(true).get(keyPrefix.length, keyPrefix));
    },
    write(key, { listedAt, models }) {
      const replace = 'REPLACE INTO catalogues (key, fetched_at, models) VALUES (?, ?, ?)';
      database.prepare(replace).run(key, listedAt, models);
      database.prepare('DELETE FROM catalogues WHERE fetched_at < ?').run(listedAt - weekMs);
    },
  };
}

function toModelListRow(row: unknown): ModelListRow | undefined {
  const [listedAt, models] = Array.isArray(row) ? row : [];
  return typeof listedAt === 'number' && typeof models === 'string' ? { listedAt, models } : undefined;
}
