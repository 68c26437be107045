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

test('does the work of a waiting caller if the signal of the first one aborts', async () => {
  const runOncePerKey = createAsyncMemo<string>();
  const controller = new AbortController();
  const abortedWork = () =>
    new Promise<string>((_, reject) => {
      controller.signal.addEventListener('abort', () => reject(controller.signal.reason));
    });
  const first = runOncePerKey('a', controller.signal, abortedWork);
  const second = runOncePerKey('a', undefined, async () => 'mine');
  controller.abort(new Error('interrupted'));
  await expect(first).rejects.toThrow('interrupted');
  expect(await second).toBe('mine');
});

test('shares a failure with the waiting callers, and does the work again for a later one', async () => {
  const runOncePerKey = createAsyncMemo<string>();
  let calls = 0;
  const work = async () => {
    calls += 1;
    if (calls === 1) throw new Error('not found');
    return 'found';
  };
  const results = await Promise.allSettled([1, 2, 3].map(() => runOncePerKey('a', undefined, work)));
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  expect(await runOncePerKey('a', undefined, work)).toBe('found');
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
