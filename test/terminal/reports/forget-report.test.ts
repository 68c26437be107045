import { expect, test } from 'vitest';
import { getNextPacificMidnight, isPacificMidnight } from '../../../src/driver/pacific-day.js';
import { formatForgetResult } from '../../../src/terminal/reports/forget-report.js';

const now = Date.UTC(2026, 10, 26, 12);
const result = { model: 'm', learned: {}, wasMarginEnlarged: false, wasTokenRatioLearned: false };

test('says whether the model was blocked for the day or for a long wait', () => {
  const format = (blockedUntil: number) =>
    formatForgetResult({ ...result, blockedUntil }, { windowMs: 60_000, isEndOfDay: isPacificMidnight });
  expect(format(getNextPacificMidnight(now).getTime())).toEqual([
    expect.stringMatching(/^m: deleted the block until .* \(daily quota used up\)$/),
  ]);
  expect(format(now + 20 * 60_000)).toEqual([
    expect.stringMatching(/^m: deleted the block until .* \(the service asked for a delay of more than ten minutes\)$/),
  ]);
});

test('names the period to which the limits apply', () => {
  const learned = { rpm: { value: 1, learnedAt: now }, tpm: { value: 250_000, learnedAt: now } };
  const format = (windowMs: number) =>
    formatForgetResult(
      { ...result, learned, maxAcceptedPerWindow: 40 },
      { windowMs, isEndOfDay: isPacificMidnight },
    )[0];
  expect(format(60_000)).toBe(
    'm: deleted the limit of 1 request per minute, and the limit of 250,000 input tokens per minute, ' +
      'and the highest rate that was served (40 requests per minute)',
  );
  expect(format(20_000)).toBe(
    'm: deleted the limit of 1 request per 20 s, and the limit of 250,000 input tokens per 20 s, ' +
      'and the highest rate that was served (40 requests per 20 s)',
  );
});
