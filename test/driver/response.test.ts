import { expect, test } from 'vitest';
import { addUsage } from '../../src/driver/response.js';

test('leaves out a sum beyond 2^53, because it is not exact', () => {
  const count = 2 ** 52 + 1;
  const usage = { promptTokens: count, cachedTokens: count, outputTokens: 1, totalTokens: 3 };
  expect(addUsage(usage, usage)).toEqual({ outputTokens: 2, totalTokens: 6 });
});
