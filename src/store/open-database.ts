import { chmodSync, existsSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type Database from 'libsql';
import { BoticelliError } from '../errors.js';

export type { Database };

/** The state's database, or why there is none to be had. */
export interface OpenedDatabase {
  /** Absent where the run must go on without. */
  database?: Database.Database;
  /** What a person should know, in one line. */
  warning?: string;
}

/** What is in the file, by SQLite's `user_version`: a program leaves a newer one alone. */
export const schemaVersion = 1;

const schema = `
  CREATE TABLE IF NOT EXISTS quota_pages (key TEXT PRIMARY KEY, page TEXT NOT NULL) WITHOUT ROWID;
`;

export interface OpenDatabaseOptions {
  /** How long to try where another program has the whole file to itself. Default 90 s. */
  patienceMs?: number;
  /** Called once, when waiting for it begins to be noticed. */
  onLocked?: () => void;
}

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
    return await openWhenFree(() => open(LibSql, path), options);
  } catch (thrown) {
    if (thrown instanceof BoticelliError) throw thrown;
    const unwritable = isDamage(thrown) ? undefined : openUnwritable(LibSql, path);
    if (unwritable) return { database: unwritable };
    if (!isDamage(thrown)) return { warning: `${path} can't be used: ${reasonOf(thrown)}` };
  }
  try {
    const aside = setAside(path);
    return { ...open(LibSql, path), warning: `${path} was damaged; it is now ${aside}, and a new one was begun` };
  } catch (thrown) {
    return { warning: `${path} is damaged and can't be replaced: ${reasonOf(thrown)}` };
  }
}

/** Not by SQLite's own waiting, which would keep Ctrl-C out. */
async function openWhenFree(
  open: () => OpenedDatabase,
  { patienceMs = 90_000, onLocked }: OpenDatabaseOptions,
): Promise<OpenedDatabase> {
  const startedAt = performance.now();
  for (let told = false; ; ) {
    try {
      return open();
    } catch (thrown) {
      if (!/^SQLITE_(BUSY|LOCKED)/.test(sqliteCode(thrown))) throw thrown;
      const waitedMs = performance.now() - startedAt;
      if (waitedMs > patienceMs) throw locked(thrown);
      if (waitedMs > 1000 && !told) onLocked?.();
      told ||= waitedMs > 1000;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function locked(cause: unknown): BoticelliError {
  return new BoticelliError('output_failed', 'another program keeps the quota book locked', {
    hint: 'Find out what holds boticelli.db open, or run with --no-rate-limit if you know that quota is left.',
    cause,
  });
}

function open(LibSql: typeof Database, path: string): OpenedDatabase {
  const isNew = !existsSync(path);
  const database = new LibSql(path);
  try {
    if (isNew) chmodSync(path, 0o600);
    // Before the journal mode: of many processes that open a new file at once some failed otherwise (wire.md). It blocks
    // the event loop, and so Ctrl-C: whoever needs more patience tries again.
    database.pragma('busy_timeout = 200');
    const [found] = database.pragma('user_version') as { user_version: number }[];
    const version = found?.user_version ?? 0;
    if (version > schemaVersion) {
      database.close();
      return { warning: `${path} is of a newer boticelli (version ${version}): it is left alone` };
    }
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = NORMAL');
    if (version < schemaVersion) database.exec(`${schema} PRAGMA user_version = ${schemaVersion};`);
    // SQLite sleeps up to 100 ms between its tries, while others come and go: short of that, who waits tries again itself.
    database.pragma('busy_timeout = 10');
    return { database };
  } catch (thrown) {
    database.close();
    throw thrown;
  }
}

/**
 * Opens one that SQLite has no room to work beside, on a full disk say, for what stands in it: a day that is closed stays
 * so. To write to it fails, with SQLite's words for that.
 */
function openUnwritable(LibSql: typeof Database, path: string): Database.Database | undefined {
  try {
    const database = new LibSql(`${pathToFileURL(path).href}?immutable=1`);
    const [found] = database.pragma('user_version') as { user_version: number }[];
    if (found?.user_version === schemaVersion) return database;
    database.close();
    return undefined;
  } catch {
    return undefined;
  }
}

/** SQLite's name of what went wrong, or an empty string. */
export function sqliteCode(thrown: unknown): string {
  const code: unknown = thrown instanceof Error ? Reflect.get(thrown, 'code') : undefined;
  return typeof code === 'string' ? code : '';
}

/** Whether a file is no database, or one that is broken. */
export function isDamage(thrown: unknown): boolean {
  return /^SQLITE_(NOTADB|CORRUPT)/.test(sqliteCode(thrown));
}

function reasonOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message.replace(/\s+/g, ' ') : String(thrown);
}

/** Renames the file and its companions; the time makes the name a new one. */
function setAside(path: string): string {
  const aside = `${path}.damaged-${new Date().toISOString().replaceAll(':', '-')}`;
  for (const suffix of ['', '-wal', '-shm']) if (existsSync(path + suffix)) renameSync(path + suffix, aside + suffix);
  return aside;
}
