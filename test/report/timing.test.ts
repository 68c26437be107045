import { expect, test } from 'vitest';
import { toReportTiming } from '../../src/report/data/timing.js';

/** The previous act ended 1,000 ms after the start of the first act. The time of that start was not recorded. */
const context = { previousEndMs: 1000, firstStartedAt: undefined };
const getSegments = (act: Record<string, unknown>) =>
  toReportTiming(act, context).segments.map(({ kind, startMs, durationMs }) => [kind, startMs, durationMs]);

test('without measured times, an act starts at the end of the previous act and waits first', () => {
  const end = { durationMs: 5000, waitMs: 2000, firstTokenMs: 3000 };
  expect(getSegments({ end })).toEqual([
    ['wait', 1000, 2000],
    ['thinking', 3000, 1000],
    ['answering', 4000, 2000],
  ]);
  expect(getSegments({ end: { durationMs: 5000, waitMs: 0 } })).toEqual([['thinking-and-answering', 1000, 5000]]);
});

test('the start, the waits and the failed attempts of an act are placed by its measured times', () => {
  // `retriesMs` has the times at which attempts failed, from the start of the act.
  const timing = {
    ...{ startedAt: 50_000, durationMs: 10_000, firstTokenMs: 8000, retriesMs: [3000] },
    waits: [
      { reason: 'backoff', startMs: 3000, durationMs: 2000 },
      { reason: 'rpm', startMs: 0, durationMs: 1000 },
    ],
  };
  // The end of the previous act, 99 ms, is not used.
  const { startMs, waitMs, segments } = toReportTiming(
    { timing, end: {} },
    { previousEndMs: 99, firstStartedAt: 48_000 },
  );
  expect([startMs, waitMs]).toEqual([2000, 3000]);
  expect(segments.map(({ kind, startMs, durationMs }) => [kind, startMs, durationMs])).toEqual([
    ['wait', 2000, 1000],
    ['failed', 3000, 2000],
    ['wait', 5000, 2000],
    ['thinking', 7000, 3000],
    ['answering', 10_000, 2000],
  ]);
});

test('an act without a reply ends with a failed attempt', () => {
  const timing = { durationMs: 5000, waits: [{ startMs: 1000, durationMs: 2000 }], retriesMs: [1000] };
  expect(getSegments({ timing })).toEqual([
    ['failed', 1000, 1000],
    ['wait', 2000, 2000],
    ['failed', 4000, 2000],
  ]);
});

test('values that are not valid leave no segment outside of the act', () => {
  expect(getSegments({ end: { durationMs: 1000, waitMs: 9000, firstTokenMs: 7000 } })).toEqual([['wait', 1000, 1000]]);
  expect(getSegments({ end: { durationMs: -1, waitMs: 'x' } })).toEqual([]);
  const timing = {
    durationMs: 1000,
    waits: [{ startMs: 800, durationMs: 5000 }, { startMs: null }, 7],
    retriesMs: 'x',
  };
  expect(getSegments({ timing, end: {} })).toEqual([
    ['thinking-and-answering', 1000, 800],
    ['wait', 1800, 200],
  ]);
});
