import { expect, test } from 'vitest';
import { createAsyncMemo } from '../../src/util/memoize-async.js';

test('work is done once for each key, for all who ask, also later', async () => {
  const once = createAsyncMemo<string>();
  let done = 0;
  const work = async () => `result ${++done}`;
  const early = await Promise.all([once('a', undefined, work), once('a', undefined, work), once('b', undefined, work)]);
  expect(early).toEqual(['result 1', 'result 1', 'result 2']);
  expect(await once('a', undefined, work)).toBe('result 1');
});

test('who waits for the work of another that is given up does it himself', async () => {
  const once = createAsyncMemo<string>();
  let giveUp = (_: Error): void => {};
  const owner = new Promise<string>((_, reject) => {
    giveUp = reject;
  });
  const first = once('a', undefined, () => owner);
  const second = once('a', undefined, async () => 'mine');
  giveUp(new Error('interrupted'));
  await expect(first).rejects.toThrow('interrupted');
  expect(await second).toBe('mine');
});

test('who waits and is aborted stops waiting at once', async () => {
  const once = createAsyncMemo<string>();
  void once('a', undefined, () => new Promise(() => {}));
  const controller = new AbortController();
  const waiting = once('a', controller.signal, async () => 'mine');
  const reason = new Error('enough');
  controller.abort(reason);
  await expect(waiting).rejects.toBe(reason);
});
