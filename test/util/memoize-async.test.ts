import { expect, test } from 'vitest';
import { createAsyncMemo } from '../../src/util/memoize-async.js';

test('does the work once per key, for concurrent and later callers', async () => {
  const runOncePerKey = createAsyncMemo<string>();
  let done = 0;
  const work = async () => `result ${++done}`;
  const early = await Promise.all([
    runOncePerKey('a', undefined, work),
    runOncePerKey('a', undefined, work),
    runOncePerKey('b', undefined, work),
  ]);
  expect(early).toEqual(['result 1', 'result 1', 'result 2']);
  expect(await runOncePerKey('a', undefined, work)).toBe('result 1');
});

test('does the work of a waiting caller if the work of the first one fails', async () => {
  const runOncePerKey = createAsyncMemo<string>();
  let fail = (_: Error): void => {};
  const firstWork = new Promise<string>((_, reject) => {
    fail = reject;
  });
  const first = runOncePerKey('a', undefined, () => firstWork);
  const second = runOncePerKey('a', undefined, async () => 'mine');
  fail(new Error('interrupted'));
  await expect(first).rejects.toThrow('interrupted');
  expect(await second).toBe('mine');
});

test('a waiting caller stops waiting when its own signal aborts', async () => {
  const runOncePerKey = createAsyncMemo<string>();
  void runOncePerKey('a', undefined, () => new Promise(() => {}));
  const controller = new AbortController();
  const waiting = runOncePerKey('a', controller.signal, async () => 'mine');
  const reason = new Error('enough');
  controller.abort(reason);
  await expect(waiting).rejects.toBe(reason);
});
