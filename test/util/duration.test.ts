import { expect, test } from 'vitest';
import { parseDurationMs } from '../../src/util/duration.js';

test.each([
  ['90s', 90_000],
  ['2m', 120_000],
  ['1h30m', 5_400_000],
  ['500ms', 500],
  ['30d', 2_592_000_000],
  ['90', 90_000],
  ['1.5', 1500],
  ['0', 0],
])('parses %s as %i ms', (text, expected) => {
  expect(parseDurationMs(text)).toBe(expected);
});

test.each(['', 's', '-1s', '1 m', '1y', 'm1', '1h30', '1e3', 'soon'])('rejects "%s"', (text) => {
  expect(parseDurationMs(text)).toBeUndefined();
});
