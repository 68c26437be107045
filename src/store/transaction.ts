import { setTimeout as delay, setImmediate } from 'node:timers/promises';
import type Database from 'libsql';

/** SQLite's name of what went wrong, or an empty string. */
export function sqliteCode(thrown: unknown): string {
  const code: unknown = thrown instanceof Error ? Reflect.get(thrown, 'code') : undefined;
  return typeof code === 'string' ? code : '';
}

/** Whether another process has the lock: the same may work a moment later. */
export function isBusy(thrown: unknown): boolean {
  return /^SQLITE_(BUSY|LOCKED)/.test(sqliteCode(thrown));
}

/**
 * Waits, and lets Node hear of signals after it: where several wait for a lock, each of them blocking a little and due again
 * by then, Node would go from one timer to the next and hear of nothing (Ctrl-C was heard after 9 s, 2026-11).
 */
export async function aMoment(waitMs: number): Promise<void> {
  await delay(waitMs);
  await setImmediate();
}

/** Does the work in one transaction that can write: all of it is done, or nothing. */
export function inTransaction<Result>(database: Database.Database, work: () => Result): Result {
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

/**
 * Does the work as soon as the lock can be had: at once if it is free, so that what is written is written before this
 * returns. SQLite's own waiting blocks Ctrl-C, so it is short (see open-database.ts), and the rest is tried again from here.
 * Rejects with SQLite's error where the lock is not to be had within `patienceMs`.
 */
export async function whenFree<Result>(work: () => Result, patienceMs = 10_000): Promise<Result> {
  for (const startedAt = performance.now(); ; ) {
    try {
      return work();
    } catch (thrown) {
      if (!isBusy(thrown) || performance.now() - startedAt > patienceMs) throw thrown;
    }
    await aMoment(1 + Math.random() * 6);
  }
}
