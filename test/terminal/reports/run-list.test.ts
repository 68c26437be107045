import { expect, test } from 'vitest';
import type { RecordedRun } from '../../../src/store/runs/recorded-run.js';
import { formatRunList } from '../../../src/terminal/reports/run-list.js';
import { noColors } from '../../../src/terminal/text/colors.js';
import { measureWidth } from '../../../src/terminal/text/printable.js';

const run = {
  run: '20261130-074133-83cc4c',
  startedAt: '2026-11-30T07:41:33.000Z',
  narrative: 'a long name of a narrative',
  modelsAsked: ['gemini-flash-lite-latest'],
  modelsServed: ['gemini-flash-lite-latest'],
  source: 'rows2000.csv',
  // In a run with rows, `actsEnded` is the number of completed rows, and `actCount` the number of all rows.
  ...{ actsEnded: 563, actCount: 2000, attempts: 563, waitMs: 0, status: 'interrupted' },
  usage: {},
} as unknown as RecordedRun;
const format = (columns: number | undefined) =>
  formatRunList([run], { total: 1, isFiltered: false, colors: noColors, columns });

test('a list fits into 80 columns: texts are truncated, and the start time, which the id contains, is left out', () => {
  const lines = format(80);
  expect(lines.map(measureWidth).every((width) => width <= 80)).toBe(true);
  expect(lines[0]).toMatch(/^run +narrat.* +model +source +done +outcome$/);
  expect(lines[1]).toContain('563/2000 rows  interrupted');
});

test('with columns for variables and cost, a list also leaves out the columns `model` and `source`, which `runs show` shows', () => {
  const full = { ...run, vars: { topic: 'a lighthouse' }, costUsd: 0.00054 } as RecordedRun;
  const lines = formatRunList([full], { total: 1, isFiltered: false, colors: noColors, columns: 80 });
  expect(lines.map(measureWidth).every((width) => width <= 80)).toBe(true);
  expect(lines[0]).toMatch(/^run +narrat[^ ]* +variabl[^ ]* +done +cost +outcome$/);
});

test('a list that is not written to a terminal has all columns, and no text is truncated', () => {
  expect(format(undefined)[1]).toMatch(/30 Nov \d\d:\d\d +a long name of a narrative +gemini-flash-lite-latest/);
});
