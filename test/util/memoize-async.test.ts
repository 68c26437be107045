import { expect, test } from 'vitest';
import { createAsyncMemo } from '../../src/util/memoize-async.js';

test('does the work once per key, for concurrent and later callers', async () => {
  const once = createAsyncMemo<string>();
  let done = 0;
  const work = async () => `result ${++done}`;
  const early = await Promise.all([once('a', undefined, work), once('a', undefined, work), once('b', undefined, work)]);
  expect(early).toEqual(['result 1', 'result 1', 'result 2']);
  expect(await once('a', undefined, work)).toBe('result 1');
});

test('repeats the work of a caller that failed', async () => {
  const once = createAsyncMemo<string>();
  let fail = (_: Error): void => {};
  const owner = new Promise<string>((_, reject) => {
    fail = reject;
  });
  const first = once('a', undefined, () => owner);
  const second = once('a', undefined, async () => 'mine');
  fail(new Error('interrupted'));
  await expect(first).rejects.toThrow('interrupted');
  expect(await second).toBe('mine');
});

test('stops waiting when its own signal aborts', async () => {
  const once = createAsyncMemo<string>();
  void once('a', undefined, () => new Promise(() => {}));
  const controller = new AbortController();
  const waiting = once('a', controller.signal, async () => 'mine');
  const reason = new Error('enough');
  controller.abort(reason);
  await expect(waiting).rejects.toBe(reason);
});
