import { describe, expect, test } from 'vitest';
import { retryQuotaWorkWhileLocked, retryWhileLocked } from '../../src/database/wait-for-lock.js';

const busy = Object.assign(new Error('database is locked'), { code: 'SQLITE_BUSY_SNAPSHOT' });

/** Creates work that finds the lock held for a while. */
function createLockedTask(durationMs: number) {
  const until = performance.now() + durationMs;
  return () => {
    if (performance.now() < until) throw busy;
    return 'done';
  };
}

describe('work that needs the lock', () => {
  test('is done before the call returns if the lock is free', () => {
    const done: string[] = [];
    void retryWhileLocked(() => done.push('store'));
    void retryQuotaWorkWhileLocked(() => done.push('quota'));
    expect(done).toEqual(['store', 'quota']);
  });

  test('is retried until the lock is free, and a wait of more than a second is reported once', async () => {
    let reports = 0;
    const onLocked = () => {
      reports += 1;
    };
    expect(await retryWhileLocked(createLockedTask(50), { onLocked })).toBe('done');
    expect(reports).toBe(0);
    expect(await retryQuotaWorkWhileLocked(createLockedTask(1100), { onLocked })).toBe('done');
    expect(reports).toBe(1);
  });

  test("fails after the maximum wait with SQLite's error, or with `output_failed` if the work is on the quota tables", async () => {
    await expect(retryWhileLocked(createLockedTask(5000), { maxWaitMs: 20 })).rejects.toBe(busy);
    await expect(retryQuotaWorkWhileLocked(createLockedTask(5000), { maxWaitMs: 20 })).rejects.toMatchObject({
      code: 'output_failed',
      cause: busy,
    });
  });

  test('is not retried after another error', async () => {
    const full = Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' });
    let tries = 0;
    const failing = () => {
      tries += 1;
      throw full;
    };
    await expect(retryWhileLocked(failing)).rejects.toBe(full);
    await expect(retryQuotaWorkWhileLocked(failing)).rejects.toBe(full);
    expect(tries).toBe(2);
  });
});
