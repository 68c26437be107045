import { describe, expect, test } from 'vitest';
import { retryWhileLocked, retryWhileQuotaLocked } from '../../src/database/wait-for-lock.js';

const busy = Object.assign(new Error('database is locked'), { code: 'SQLITE_BUSY_SNAPSHOT' });

/** Work that finds the lock taken for so long. */
function createLockedTask(durationMs: number) {
  const until = performance.now() + durationMs;
  return () => {
    if (performance.now() < until) throw busy;
    return 'done';
  };
}

describe('work that wants a lock', () => {
  test('is done before the call returns where the lock is free', () => {
    const done: string[] = [];
    void retryWhileLocked(() => done.push('store'));
    void retryWhileQuotaLocked(() => done.push('book'));
    expect(done).toEqual(['store', 'book']);
  });

  test('is tried again until the lock is free, and a wait that is noticed is told once', async () => {
    let reports = 0;
    const onLocked = () => {
      reports += 1;
    };
    expect(await retryWhileLocked(createLockedTask(50), { onLocked })).toBe('done');
    expect(reports).toBe(0);
    expect(await retryWhileQuotaLocked(createLockedTask(1100), { onLocked })).toBe('done');
    expect(reports).toBe(1);
  });

  test("that runs out of patience rejects with SQLite's error, and for the quota book in words", async () => {
    await expect(retryWhileLocked(createLockedTask(5000), { maxWaitMs: 20 })).rejects.toBe(busy);
    await expect(retryWhileQuotaLocked(createLockedTask(5000), { maxWaitMs: 20 })).rejects.toMatchObject({
      code: 'output_failed',
      cause: busy,
    });
  });

  test('is tried once where something else is wrong', async () => {
    const full = Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' });
    let tries = 0;
    const failing = () => {
      tries += 1;
      throw full;
    };
    await expect(retryWhileLocked(failing)).rejects.toBe(full);
    await expect(retryWhileQuotaLocked(failing)).rejects.toBe(full);
    expect(tries).toBe(2);
  });
});
