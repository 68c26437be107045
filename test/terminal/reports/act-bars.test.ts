import { expect, test } from 'vitest';
import type { RecordedAct } from '../../../src/store/runs/recorded-run.js';
import type { RecordedTiming } from '../../../src/store/runs/run-recorder.js';
import { formatActBars, formatActTimes } from '../../../src/terminal/reports/act-bars.js';
import { noColors } from '../../../src/terminal/text/colors.js';

const startedAt = Date.UTC(2026, 10, 30);

function createTiming(startMs: number, durationMs: number, details: Partial<RecordedTiming> = {}): RecordedTiming {
  return { startedAt: startedAt + startMs, durationMs, waits: [], requestedModel: 'm', attempts: 1, ...details };
}

const createAct = (act: string, timing?: RecordedTiming): RecordedAct => ({
  act,
  events: [],
  ...(timing && { timing }),
});

/** A name of this length leaves 51 of 80 columns for the bars. */
const name = 'n'.repeat(20);

test('shows when each act waited, thought and answered, on one scale', () => {
  const waits = [{ reason: 'rpm', startMs: 0, durationMs: 1000 }] as const;
  const acts = [
    createAct('a', createTiming(0, 2000, { waits, firstTokenMs: 1500 })),
    createAct(name, createTiming(2000, 3000, { firstTokenMs: 1000 })),
    createAct('short', createTiming(4999, 0, { firstTokenMs: 0 })),
    createAct('without times'),
  ];
  const [first, second, third, legend] = formatActBars(acts, { colors: noColors });
  expect(first).toMatch(/^a {21}\.{10}-{5}#{5} +2\.0 s$/);
  expect(second).toMatch(/^n{20} {2} {20}-{11}#{20} {2}3\.0 s$/);
  expect(third).toMatch(/^short {15} {2} {50}# {2}0\.0 s$/);
  expect(legend).toBe('. waiting   - thinking   # answering');
  expect([first, second, third].map((line) => line?.length)).toEqual([80, 80, 80]);
});

test('on a terminal, uses its width and the symbols for terminals', () => {
  const [line, legend] = formatActBars([createAct('a', createTiming(0, 1000))], { colors: noColors, columns: 40 });
  expect(line).toBe(`a  ${'█'.repeat(30)}  1.0 s`);
  expect(legend).toBe('█ thinking and answering');
});

test('if only some acts were streamed, the legend also says what the bars of the others mean', () => {
  const acts = [createAct('a', createTiming(0, 10)), createAct('b', createTiming(0, 10, { firstTokenMs: 5 }))];
  expect(formatActBars(acts, { colors: noColors }).at(-1)).toBe(
    '- thinking   # answering (without --stream: thinking and answering)',
  );
});

test('shows no bars if no act has times', () => {
  expect(formatActBars([createAct('a')], { colors: noColors })).toEqual([]);
});

test('shows ten thousand acts with negative durations, and no control characters of their names', () => {
  const acts = Array.from({ length: 10_000 }, (_, index) => createAct(`\x1b[2J${index}`, createTiming(index, -5)));
  const lines = formatActBars(acts, { colors: noColors, columns: 80 });
  expect(lines).toHaveLength(10_001);
  expect(lines.join('')).not.toContain('\x1b');
});

test('adds up the waits of an act by their reasons, and leaves them out of thinking and answering', () => {
  const waits = [
    { reason: 'rpm', startMs: 0, durationMs: 1000 },
    { reason: 'backoff', startMs: 4000, durationMs: 500 },
    { reason: 'rpm', startMs: 1000, durationMs: 500 },
  ] as const;
  expect(formatActTimes(createTiming(0, 6000, { waits, firstTokenMs: 2500 }))).toBe(
    'waited 1.5 s (rpm), 0.5 s (backoff) · thinking 1.0 s · answering 3.0 s',
  );
  expect(formatActTimes(createTiming(0, 6000))).toBe('');
});
