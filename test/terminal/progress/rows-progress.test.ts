import { expect, test } from 'vitest';
import {
  createRateMeter,
  formatRowsProgress,
  formatRowsSummary,
  type RowCounts,
} from '../../../src/terminal/progress/rows-progress.js';
import { formatDateTime } from '../../../src/terminal/text/format.js';

const noRows: RowCounts = {
  ...{ unit: 'row', total: 1, completed: 0, completedEarlier: 0, failures: new Map(), costUsd: undefined },
};

test('the progress line says "row" after the number 1, and "rows" after any other number', () => {
  const meter = createRateMeter(() => 0);
  expect(formatRowsProgress(noRows, meter)).toBe('0/1 row · 0 requests per minute');
  expect(formatRowsProgress({ ...noRows, total: undefined, completed: 1 }, meter)).toMatch(/^1 row ·/);
  expect(formatRowsProgress({ ...noRows, total: 2000 }, meter)).toMatch(/^0\/2,000 rows ·/);
});

test('an estimated end on another day has its date', () => {
  let now = new Date(2026, 10, 30, 22).getTime();
  const meter = createRateMeter(() => now);
  now += 1_800_000;
  meter.addRow();
  const format = (total: number) => formatRowsProgress({ ...noRows, total, completed: 1 }, meter);
  expect(format(2)).toContain('done about 23:00');
  expect(format(5)).toContain(`done about ${formatDateTime(new Date(2026, 11, 1, 0, 30))}`);
});

test('the summary separates thousands in the counts of each error', () => {
  const failures = new Map([['blocked', 1200]] as const);
  expect(formatRowsSummary({ ...noRows, total: 1200, failures }, 0)).toBe(
    '1,200 rows: 0 done, 1,200 failed (1,200 blocked)',
  );
});
