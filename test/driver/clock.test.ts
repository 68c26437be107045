import { expect, test } from 'vitest';
import { systemClock } from '../../src/driver/clock.js';

test('sleeps for the given time', async () => {
  const startedAt = performance.now();
  await systemClock.sleep(20);
  // Node's timers may fire up to a millisecond early.
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(19);
});

test("rejects an aborted sleep with the signal's reason", async () => {
  const controller = new AbortController();
  const reason = new Error('enough');
  const sleep = systemClock.sleep(60_000, controller.signal);
  controller.abort(reason);
  await expect(sleep).rejects.toBe(reason);
});
