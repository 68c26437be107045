import { expect, test } from 'vitest';
import { formatUsd } from '../../../src/terminal/text/format.js';

test.each([
  [0, '$0.00'],
  [1.236, '$1.24'],
  [0.996, '$1.00'],
  [0.0999, '$0.10'],
  [0.0996, '$0.10'],
  [0.0031, '$0.0031'],
  [0.00999, '$0.010'],
])('formats %d dollars as %s', (usd, text) => {
  expect(formatUsd(usd)).toBe(text);
});
