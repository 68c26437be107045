import { expect, test } from 'vitest';
import { findNearestName } from '../../src/util/nearest-name.js';

test.each([
  ['drfat', 'draft'],
  ['DRAFT', 'draft'],
  ['A', 'a'],
  ['MAX_TOKENS', 'max_tokens'],
  ['x', undefined],
  ['entirely', undefined],
])('for %s finds %s', (name, nearest) => {
  expect(findNearestName(name, ['final', 'draft', 'a', 'max_tokens'])).toBe(nearest);
});

test('computes no edit distance for names of more than 100 characters, but finds one that differs only in case', () => {
  const name = 'ab'.repeat(100_000);
  expect(findNearestName(`${name}a`, [`b${name}`, `c${name}`])).toBeUndefined();
  expect(findNearestName(name.toUpperCase(), [name])).toBe(name);
});
