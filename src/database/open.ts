import { chmodSync, existsSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type Database from 'libsql';
import { BoticelliError } from '../errors.js';
import { describeSqliteError, isCorrupt } from './sqlite-error.js';
import { runInTransaction } from './transaction.js';
import { type LockWaitOptions, retryWhileQuotaLocked } from './wait-for-lock.js';

export type { Database };

/** The state's database, or why there is none to be had. */
export interface OpenedDatabase {
  /** Absent where the run must go on without. */
  database?: Database.Database;
  /** What a person should know, in one line. */
  warning?: string;
}

/**
 * What is in the file, by SQLite's `user_version`: a program adds what an older one lacks, and leaves a newer one alone. 1
 * had the quota book alone.
 */
export const schemaVersion = 2;

/** All of it, and nothing that a file may have already: so it makes a new file, and brings any older one up to date. */
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
    status TEXT, duration_ms INTEGER, error TEXT
  );
  CREATE INDEX IF NOT EXISTS runs_by_age ON runs (started_at);
  CREATE TABLE IF NOT EXISTS acts (
    run TEXT NOT NULL, position INTEGER NOT NULL, act TEXT NOT NULL, ended TEXT, told TEXT NOT NULL, cost_usd REAL,
    PRIMARY KEY (run, position)
  );
`;

/** How to wait where another program has the whole file to itself. */
export type OpenDatabaseOptions = Omit<LockWaitOptions, 'pauseMs'>;

/**
 * Opens `boticelli.db` in the state folder; makes it, with mode 0600 in a folder of 0700, where it is not there. A file
 * that is no database is set aside, never deleted. Without a database a run goes on, and says so. Rejects with
 * `output_failed` only for one that stays locked: what it forbids can't be known.
 */
export async function openDatabase(folder: string, options: OpenDatabaseOptions = {}): Promise<OpenedDatabase> {
  const { default: LibSql } = await import('libsql');
  const path = join(folder, 'boticelli.db');
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return await retryWhileQuotaLocked(() => openFile(LibSql, path), { ...options, pauseMs: [5, 25] });
  } catch (thrown) {
    if (thrown instanceof BoticelliError) throw thrown;
    const immutable = isCorrupt(thrown) ? undefined : openImmutable(LibSql, path);
    if (immutable) return { database: immutable };
    if (!isCorrupt(thrown)) return { warning: `${path} can't be used: ${describeSqliteError(thrown)}` };
  }
  try {
    const damagedPath = moveDamagedFile(path);
    return {
      ...openFile(LibSql, path),
      warning: `${path} was damaged; it is now ${damagedPath}, and a new one was begun`,
    };
  } catch (thrown) {
    return { warning: `${path} is damaged and can't be replaced: ${describeSqliteError(thrown)}` };
  }
}

function openFile(LibSql: typeof Database, path: string): OpenedDatabase {
  const isNew = !existsSync(path);
  const database = new LibSql(path);
  try {
    if (isNew) chmodSync(path, 0o600);
    // Before the journal mode: of many processes that open a new file at once some failed otherwise (wire.md). It blocks
    // the event loop, and so Ctrl-C: whoever needs more patience tries again.
    database.pragma('busy_timeout = 200');
    const version = readSchemaVersion(database);
    if (version > schemaVersion) {
      database.close();
      return { warning: `${path} is of a newer boticelli (version ${version}): it is left alone` };
    }
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = NORMAL');
    if (version < schemaVersion) migrate(database);
    // SQLite reads the tables' names when they are first needed: what is broken there shall be found here.
    database.prepare('SELECT count(*) FROM sqlite_schema').get();
    // SQLite sleeps up to 100 ms between its tries, while others come and go: short of that, who waits tries again itself.
    database.pragma('busy_timeout = 10');
    return { database };
  } catch (thrown) {
    database.close();
    throw thrown;
  }
}

function readSchemaVersion(database: Database.Database): number {
  const [row] = database.pragma('user_version') as { user_version: number }[];
  return row?.user_version ?? 0;
}

/**
 * In one transaction: of many processes that find an old file at once one does it, and the others see it whole, the old
 * one or the new. Looks again within it, for a newer program may have been among them.
 */
function migrate(database: Database.Database): void {
  runInTransaction(database, () => {
    if (readSchemaVersion(database) < schemaVersion) database.exec(`${schema} PRAGMA user_version = ${schemaVersion};`);
  });
}

/**
 * Opens one that SQLite has no room to work beside, on a full disk say, for what stands in it: a day that is closed stays
 * so. To write to it fails, with SQLite's words for that.
 */
function openImmutable(LibSql: typeof Database, path: string): Database.Database | undefined {
  try {
    const database = new LibSql(`${pathToFileURL(path).href}?immutable=1`);
    if (readSchemaVersion(database) === schemaVersion) return database;
    database.close();
    return undefined;
  } catch {
    return undefined;
  }
}

/**
 * Renames the file and its companions, so that the next run begins a new one; the time makes the name a new one.
 * @returns the new path. Throws where it can't be renamed.
 */
export function moveDamagedFile(path: string): string {
  const damagedPath = `${path}.damaged-${new Date().toISOString().replaceAll(':', '-')}`;
  for (const suffix of ['', '-wal', '-shm'])
    if (existsSync(path + suffix)) renameSync(path + suffix, damagedPath + suffix);
  return damagedPath;
}
