import { expect, test } from 'vitest';
import { systemClock } from '../../src/driver/clock.js';

test('a sleep lasts as long as it was asked to', async () => {
  const startedAt = performance.now();
  await systemClock.sleep(20);
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(19);
});

test("a sleep that is aborted rejects with the signal's own reason", async () => {
  const controller = new AbortController();
  const reason = new Error('enough');
  const sleep = systemClock.sleep(60_000, controller.signal);
  controller.abort(reason);
  await expect(sleep).rejects.toBe(reason);
});
