import type Database from 'libsql';
import { runInTransaction } from './transaction.js';

/**
 * The version of the schema, stored in the file as SQLite's `user_version`. An older file is migrated; a newer one is
 * left unchanged. Version 1 had only the quota table.
 */
export const schemaVersion = 2;

/**
 * SQLite's `application_id` of our files: `btcl` in ASCII. Files that were created in 2026-11 or earlier have none;
 * such a file is ours if all its tables are ours.
 */
export const applicationId = 0x6274636c;

/**
 * Creates the tables and indices that a new or old file lacks. Some stored names are older than those in the code: a
 * page is a model state, a catalogue a list of models, a manner how a Live model takes prompts and replies, and an
 * answer a reply; `ended` is the end event of an act, and `told` are the events before it. `occurrence` counts the
 * equal requests of a run, and `answered_by` is the model that replied. `storedNames` in model-state.ts lists the old
 * names in a page.
 */
const schema = `
  CREATE TABLE IF NOT EXISTS quota_pages (key TEXT PRIMARY KEY, page TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS catalogues (key TEXT PRIMARY KEY, fetched_at INTEGER NOT NULL, models TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS live_manners (
    service TEXT NOT NULL, model TEXT NOT NULL, manner TEXT NOT NULL, learned_at INTEGER NOT NULL,
    PRIMARY KEY (service, model)
  );

  CREATE TABLE IF NOT EXISTS answers (
    key TEXT NOT NULL, occurrence INTEGER NOT NULL, answered_by TEXT NOT NULL, narrative TEXT NOT NULL,
    answered_at INTEGER NOT NULL, reply TEXT NOT NULL, PRIMARY KEY (key, occurrence, answered_by)
  );
  CREATE INDEX IF NOT EXISTS answers_by_age ON answers (answered_at);

  CREATE TABLE IF NOT EXISTS runs (
    id TEXT PRIMARY KEY, narrative TEXT NOT NULL, file TEXT, file_hash TEXT, act_count INTEGER NOT NULL,
    started_at INTEGER NOT NULL, acts_ended INTEGER NOT NULL, models_asked TEXT NOT NULL, models_served TEXT NOT NULL,
    attempts INTEGER NOT NULL, wait_ms INTEGER NOT NULL, usage TEXT NOT NULL, cost_usd REAL,
    status TEXT, duration_ms INTEGER, error TEXT, vars TEXT
  );
  CREATE INDEX IF NOT EXISTS runs_by_age ON runs (started_at);
  CREATE TABLE IF NOT EXISTS acts (
    run TEXT NOT NULL, position INTEGER NOT NULL, act TEXT NOT NULL, ended TEXT, told TEXT NOT NULL, cost_usd REAL,
    timing TEXT, prompt TEXT, PRIMARY KEY (run, position)
  );
`;

/**
 * The rows of runs with `--each` or `--matrix`. Each row is also stored as a run of its own, whose id consists of the
 * id of the whole run, a slash and the row's number. Number 0 stands for the whole run. The table is created when it is
 * first needed. It did not get a new schema version, because older versions of the program refuse a file with a newer
 * schema version.
 */
export const rowRunsTable = `
  CREATE TABLE IF NOT EXISTS row_runs (
    run TEXT NOT NULL, number INTEGER NOT NULL, label TEXT NOT NULL, PRIMARY KEY (run, number)
  ) WITHOUT ROWID`;

/**
 * The columns that files created in 2026-11 or earlier may lack. They are added when such a file is opened for writing.
 * Older versions of the program can still use the file, because their statements name the columns that they use.
 */
export const addedColumns = [
  { table: 'runs', column: 'vars' },
  { table: 'acts', column: 'timing' },
  { table: 'acts', column: 'prompt' },
] as const;

/** Whether a table has a column. A file that was opened only for reading may lack those of `addedColumns`. */
export function hasColumn(database: Database.Database, table: string, column: string): boolean {
  const found = database.prepare('SELECT 1 FROM pragma_table_info(?) WHERE name = ?').get(table, column);
  return found !== undefined;
}

/** Names all tables of `schema` with their columns, without reading a row: SQLite fails if one of them is missing. */
const probes = `
  SELECT key, page FROM quota_pages LIMIT 0;
  SELECT key, fetched_at, models FROM catalogues LIMIT 0;
  SELECT service, model, manner, learned_at FROM live_manners LIMIT 0;
  SELECT key, occurrence, answered_by, narrative, answered_at, reply FROM answers LIMIT 0;
  SELECT id, narrative, file, file_hash, act_count, started_at, acts_ended, models_asked, models_served, attempts,
    wait_ms, usage, cost_usd, status, duration_ms, error, vars FROM runs LIMIT 0;
  SELECT run, position, act, ended, told, cost_usd, timing, prompt FROM acts LIMIT 0;
`;

/** Whether all tables and columns are there. Another program or a user may have removed some. */
function hasWholeSchema(database: Database.Database): boolean {
  try {
    database.exec(probes);
    return true;
  } catch (thrown) {
    if (thrown instanceof Error && /no such (table|column)/.test(thrown.message)) return false;
    throw thrown;
  }
}

/**
 * Creates the tables and `addedColumns` that are missing from a file of this schema version.
 * @throws Error with SQLite's code for a damaged file, if a table lacks any other column, which can't be added
 */
export function repairSchema(database: Database.Database): void {
  if (hasWholeSchema(database)) return;
  runInTransaction(database, () => {
    database.exec(schema);
    for (const { table, column } of addedColumns) {
      if (!hasColumn(database, table, column)) database.exec(`ALTER TABLE ${table} ADD COLUMN ${column} TEXT`);
    }
  });
  if (!hasWholeSchema(database)) throw Object.assign(new Error('a table lacks a column'), { code: 'SQLITE_CORRUPT' });
}

/**
 * The tables of all schema versions up to this one. They identify a file without an application id. Such a file has no
 * table `row_runs`, because the versions that create that table also set the id.
 */
export const tableNames: ReadonlySet<string> = new Set(
  Array.from(schema.matchAll(/CREATE TABLE IF NOT EXISTS (\w+)/g), ([, name = '']) => name),
);

/** Reads SQLite's `application_id`; 0 if the file has none. */
export function readApplicationId(database: Database.Database): number {
  const [row] = database.pragma('application_id') as { application_id: number }[];
  return row?.application_id ?? 0;
}

/** Reads the schema version of a file. A new file has version 0. */
export function readSchemaVersion(database: Database.Database): number {
  const [row] = database.pragma('user_version') as { user_version: number }[];
  return row?.user_version ?? 0;
}

/**
 * Migrates a file in one transaction, and marks it as ours. If several processes open an old file, one of them migrates
 * it, and the others see it either before or after the migration. The version is read again inside the transaction,
 * because a newer version of the program may have migrated the file in the meantime.
 */
export function migrate(database: Database.Database): void {
  runInTransaction(database, () => {
    if (readSchemaVersion(database) < schemaVersion) database.exec(`${schema} PRAGMA user_version = ${schemaVersion};`);
    database.exec(`PRAGMA application_id = ${applicationId}`);
  });
}
