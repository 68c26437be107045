import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import LibSql from 'libsql';
import { createTemporaryFolder, type ProcessResult, root } from '../helpers/boticelli.js';
import type { GeminiServer } from '../helpers/gemini/server.js';
import { runCommand, testKey } from './scenario.js';

/** The folder of the files that version 0.1 wrote. The README in it says how they were made. */
const fixture = join(root, 'test/fixtures/version-0.1');
/** The service's address in the state of version 0.1. */
const oldAddress = 'http://127.0.0.1:20921';

/** What version 0.1 printed and sent. */
interface OldOutput {
  /** When version 0.1 wrote its state, in milliseconds since the epoch. */
  writtenAt: number;
  /** Standard output of the commands of the scenario, which wrote the state, by command. */
  scenarioStdout: Record<string, string>;
  /** Standard output of the `runs` commands, which read the history, by command. */
  historyStdout: Record<string, string>;
  /** The body of the request for the third act of `narrative.toml`. */
  titleRequest: object;
}

export const oldOutput = readOldOutput();

/** Reads `printed.json`, and renames its fields `replies` and `printed`. */
function readOldOutput(): OldOutput {
  const { replies, printed, ...output } = JSON.parse(readFileSync(join(fixture, 'printed.json'), 'utf8'));
  return { ...output, scenarioStdout: replies, historyStdout: printed };
}

export const oldRecording = readFileSync(join(fixture, 'recording.ndjson'), 'utf8');

/** A working folder with the narratives, the settings and the recording of version 0.1. See scenario.ts. */
export interface ScenarioFolder {
  cwd: string;
  /** The state folder. It does not exist until `copyDatabase` or a command creates it. */
  stateFolder: string;
  /** The path of the database in the state folder. */
  database: string;
  env: Record<string, string>;
  /** Runs a command in this process, with the API key with which version 0.1 ran. */
  run(command: string, options?: { server?: GeminiServer; env?: Record<string, string> }): Promise<ProcessResult>;
}

/** Creates a working folder for the scenario of scenario.ts, without a database. */
export function createScenarioFolder(onCleanup: (clean: () => void) => void): ScenarioFolder {
  const cwd = createTemporaryFolder(onCleanup);
  for (const name of readdirSync(fixture))
    if (/\.(toml|ndjson)$/.test(name)) copyFileSync(join(fixture, name), join(cwd, name));
  const stateFolder = join(cwd, 'state');
  const env = { GEMINI_API_KEY: testKey, BOTICELLI_STATE_DIR: stateFolder };
  return {
    ...{ cwd, stateFolder, database: join(stateFolder, 'boticelli.db'), env },
    run: (command, { server, env: additionalEnv } = {}) =>
      runCommand(command, cwd, { ...env, ...(server && { GOOGLE_GEMINI_BASE_URL: server.url }), ...additionalEnv }),
  };
}

/** Copies the database of version 0.1 into the state folder, unchanged. */
export function copyDatabase({ stateFolder, database }: ScenarioFolder): void {
  mkdirSync(stateFolder);
  copyFileSync(join(fixture, 'state.db'), database);
}

/**
 * Copies the database as if version 0.1 had written it a moment ago, for a server at another address. Most of the state
 * expires, and some of it belongs to one address, so all times are moved by the age of the state (see `moveTimes`),
 * and the hash of the address is replaced.
 */
export function copyDatabaseAsIfJustWritten(workingFolder: ScenarioFolder, server: GeminiServer): void {
  copyDatabase(workingFolder);
  const ageMs = Date.now() - oldOutput.writtenAt;
  // Some stored names are older than those in the code: `answers` has the replies, `catalogues` the lists of models,
  // `live_manners` the `LiveMode` of each Live model, and `quota_pages` the quota state of each model.
  withDatabase(workingFolder.database, (database) => {
    for (const [table, column] of [
      ['answers', 'answered_at'],
      ['runs', 'started_at'],
      ['catalogues', 'fetched_at'],
      ['live_manners', 'learned_at'],
    ])
      database.prepare(`UPDATE ${table} SET ${column} = ${column} + ?`).run(ageMs);
    for (const [key, page] of queryRows<[string, string]>(database, 'SELECT key, page FROM quota_pages'))
      database.prepare('UPDATE quota_pages SET page = ? WHERE key = ?').run(moveTimes(page, ageMs), key);
    const [oldHash, newHash] = [hashAddress(oldAddress), hashAddress(server.url)];
    database.prepare('UPDATE catalogues SET key = replace(key, ?, ?)').run(oldHash, newHash);
    database.prepare('UPDATE live_manners SET service = ? WHERE service = ?').run(newHash, oldHash);
  });
}

/** Copies the database of version 0.1 into the working folder as `unchanged.db`, and runs work on the copy. */
export function withCopyOfOldDatabase<Result>(
  { cwd }: ScenarioFolder,
  work: (database: LibSql.Database) => Result,
): Result {
  const path = join(cwd, 'unchanged.db');
  copyFileSync(join(fixture, 'state.db'), path);
  return withDatabase(path, work);
}

/** Runs work on a database and closes it. */
export function withDatabase<Result>(path: string, work: (database: LibSql.Database) => Result): Result {
  const database = new LibSql(path);
  try {
    return work(database);
  } finally {
    database.close();
  }
}

/** Runs a query, and returns each row as the list of its values. */
export function queryRows<Row extends unknown[]>(database: LibSql.Database, query: string): Row[] {
  return database.prepare(query).raw(true).all() as Row[];
}

/** Hashes a service's address as the state does: the first 16 digits of its SHA-256. */
export function hashAddress(address: string): string {
  return createHash('sha256').update(new URL(address).href).digest('hex').slice(0, 16);
}

/**
 * The fields of a model's stored quota state that contain times. Some stored names are older than those in the code.
 * Lists have the type Record too, because Redis stores an empty list as `{}`; `Object.values` reads both.
 */
interface StoredQuota {
  /** The list of reservations. */
  appointments: Record<string, { at: number; bookedAt: number }>;
  /** The list of days with their numbers of requests. */
  days: Record<string, { endsAt: number }>;
  /** The list of concurrency slots in use. */
  leases: Record<string, { expiresAt: number }>;
  /** The learned limits, by kind. */
  learned: Record<string, { learnedAt: number }>;
  closedUntil?: number;
  notBefore?: number;
  /** When the API last rejected a request because a limit was exceeded. */
  refusedAt?: number;
  /** When the safety margin last changed. */
  guardChangedAt?: number;
}

/**
 * Moves the times of a model's stored quota by `ageMs`, with two exceptions. Days end, and closed models open again,
 * twelve hours from now, so that no test runs over midnight. Leases expire a minute from now.
 */
export function moveTimes(json: string, ageMs: number): string {
  const quota: StoredQuota = JSON.parse(json);
  const endOfDay = Date.now() + 12 * 3_600_000;
  for (const reservation of Object.values(quota.appointments)) {
    reservation.at += ageMs;
    reservation.bookedAt += ageMs;
  }
  for (const day of Object.values(quota.days)) day.endsAt = endOfDay;
  for (const lease of Object.values(quota.leases)) lease.expiresAt = Date.now() + 60_000;
  for (const limit of Object.values(quota.learned)) limit.learnedAt += ageMs;
  if (quota.closedUntil !== undefined) quota.closedUntil = endOfDay;
  for (const name of ['notBefore', 'refusedAt', 'guardChangedAt'] as const) {
    const time = quota[name];
    if (time !== undefined) quota[name] = time + ageMs;
  }
  return JSON.stringify(quota);
}
