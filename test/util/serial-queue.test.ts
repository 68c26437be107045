import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createSerialQueue } from '../../src/util/serial-queue.js';

test('drains and continues after rejections that nobody handles', async () => {
  const queue = createSerialQueue();
  for (let count = 0; count < 3; count += 1) void queue.enqueue(() => Promise.reject(new Error('ignored')));
  await queue.drain();
  expect(await queue.enqueue(async () => 'done')).toBe('done');
});

test('starts the first task at once and runs the others in order, also after a rejection', async () => {
  const queue = createSerialQueue();
  const log: string[] = [];
  const failed = queue.enqueue(async () => {
    log.push('first starts');
    await delay(5);
    log.push('first fails');
    throw new Error('failed');
  });
  const succeeded = queue.enqueue(async () => {
    log.push('second');
    return 'result';
  });
  expect(log).toEqual(['first starts']);
  await expect(failed).rejects.toThrow('failed');
  expect(await succeeded).toBe('result');
  await queue.drain();
  expect(log).toEqual(['first starts', 'first fails', 'second']);
});
