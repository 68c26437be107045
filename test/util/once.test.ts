import { expect, test } from 'vitest';
import { once } from '../../src/util/once.js';

test('calls the function once, with the arguments of the first call', () => {
  const calls: number[] = [];
  const double = once((value: number) => {
    calls.push(value);
    return value * 2;
  });
  expect([double(1), double(2)]).toEqual([2, 2]);
  expect(calls).toEqual([1]);
});
