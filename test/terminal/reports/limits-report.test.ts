import { expect, test } from 'vitest';
import type { Availability } from '../../../src/quota/status.js';
import { formatLimits, type LimitsReport } from '../../../src/terminal/reports/limits-report.js';
import { noColors } from '../../../src/terminal/text/colors.js';

const now = Date.UTC(2026, 10, 26, 12);

/** Returns the line that shows when a model has quota. */
function formatModelLine(availability: Availability): string | undefined {
  const minute = { requests: { used: 4, booked: 0 }, tokens: { used: 0, booked: 0 } };
  const day = { endsAt: now + 3_600_000, requests: { used: 4, booked: 0 } };
  const report = {
    ...{
      now,
      windowMs: 60_000,
      project: 'p',
      tier: 'free',
      storeLocation: { project: 'p', projectSource: 'settings' },
    },
    models: [{ model: 'm', limits: {}, minute, day, underWay: 0, availability }],
  } satisfies LimitsReport;
  return formatLimits(report, { colors: noColors }).find((line) => line.startsWith('m:'));
}

test('shows a wait that rounds to 0.0 s as available now', () => {
  expect(formatModelLine({ state: 'later', at: now + 49, reason: 'rpm' })).toBe('m: available now');
  expect(formatModelLine({ state: 'later', at: now + 400, reason: 'rpm' })).toMatch(/^m: available in 0\.4 s, at /);
  expect(formatModelLine({ state: 'now' })).toBe('m: available now');
});

test('says whether a model is closed for the day or for a long wait', () => {
  expect(formatModelLine({ state: 'closed', at: now + 3_600_000 })).toMatch(/^m: daily quota used up, available /);
  const wait = /^m: the service asked for a delay of more than ten minutes, available (in|at) /;
  expect(formatModelLine({ state: 'closed', at: now + 20 * 60_000 })).toMatch(wait);
});
