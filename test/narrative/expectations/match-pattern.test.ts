import { expect, test } from 'vitest';
import { matchPattern } from '../../../src/narrative/expectations/match-pattern.js';

const endless = { pattern: '^(a+)+$', text: `${'a'.repeat(50)}b` };

test('matches short and long texts', async () => {
  const limits = { timeoutMs: 5000 };
  expect(await matchPattern('b$', 'ab', limits)).toBe(true);
  expect(await matchPattern('^b', 'ab', limits)).toBe(false);
  expect(await matchPattern('b$', `${'a'.repeat(300_000)}b`, limits)).toBe(true);
});

test('matches a text with a line separator, a quotation mark and a backslash', async () => {
  expect(await matchPattern('^a\u2028"\\\\$', 'a\u2028"\\', { timeoutMs: 5000 })).toBe(true);
});

test('ends the matching of a pattern that backtracks for hours, and lets timers run until then', async () => {
  let ticks = 0;
  const timer = setInterval(() => {
    ticks += 1;
  }, 20);
  await expect(matchPattern(endless.pattern, endless.text, { timeoutMs: 400 })).rejects.toMatchObject({
    code: 'timeout',
    message: 'matching the reply with the pattern "^(a+)+$" took more than 0.4 s',
  });
  clearInterval(timer);
  expect(ticks).toBeGreaterThan(5);
});

test('rejects with the reason of the signal after an abort', async () => {
  const abort = new AbortController();
  setTimeout(() => abort.abort(new Error('stopped')), 100);
  const limits = { signal: abort.signal, timeoutMs: 30_000 };
  await expect(matchPattern(endless.pattern, endless.text, limits)).rejects.toThrow('stopped');
});

test('reports a pattern that V8 cannot compile', async () => {
  await expect(matchPattern('(', 'a', { timeoutMs: 5000 })).rejects.toMatchObject({
    code: 'unexpected_reply',
    message: expect.stringContaining('failed: Invalid regular expression'),
  });
});
