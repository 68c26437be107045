import { expect, test } from 'vitest';
import type { NarrativeEvent } from '../../../src/executor/narrative-events.js';
import { createRowWaits } from '../../../src/terminal/progress/row-waits.js';
import { createRateMeter, formatRowsProgress } from '../../../src/terminal/progress/rows-progress.js';
import { createManualClock } from '../../helpers/manual-clock.js';

function setup() {
  const clock = createManualClock();
  const waits = createRowWaits(clock.now);
  const start: NarrativeEvent = { type: 'act-start', act: 'draft', index: 0, model: 'm' };
  const wait = (waitMs: number, reason: 'rpm' | 'backoff' = 'rpm'): NarrativeEvent => {
    const until = new Date(clock.now() + waitMs).toISOString();
    return { type: 'act-wait', act: 'draft', model: 'm', reason, waitMs, until };
  };
  return { clock, waits, start, wait, read: () => waits.findStandstill()?.text };
}

test('a run stands still while every act in progress waits, until the first wait ends', () => {
  const { clock, waits, start, wait, read } = setup();
  const [first, second] = [waits.createListener(), waits.createListener()];
  expect(read()).toBeUndefined();
  first(start);
  second(start);
  first(wait(30_000));
  expect(read()).toBeUndefined();
  second(wait(20_000));
  expect(read()).toBe('waiting 20 s for quota of m');
  clock.advance(15_000);
  expect(read()).toBe('waiting 5 s for quota of m');
  clock.advance(5_000);
  expect(read()).toBeUndefined();
});

test('an act of a failed row is no longer in progress, and a fallback ends the wait of its act', () => {
  const { waits, start, wait, read } = setup();
  const [first, second] = [waits.createListener(), waits.createListener()];
  first(start);
  second(start);
  second(wait(20_000, 'backoff'));
  first({ type: 'narrative-end', run: 'r', status: 'failed', usage: {}, durationMs: 1 } as NarrativeEvent);
  expect(read()).toBe('waiting 20 s before the next attempt with m');
  second({ type: 'act-fallback', act: 'draft', from: 'm', to: 'n', reason: 'quota' });
  expect(read()).toBeUndefined();
});

test('the progress line shows the wait instead of the rate, and an estimated finish no earlier than the end of the wait', () => {
  const { clock, waits, start, wait } = setup();
  const meter = createRateMeter(clock.now);
  meter.addRow();
  const listener = waits.createListener();
  listener(start);
  listener(wait(3_600_000));
  const counts = { unit: 'row', total: 2, completed: 1, completedEarlier: 0, failures: new Map(), costUsd: 0 } as const;
  const end = new Date(clock.now() + 3_600_000).toTimeString().slice(0, 5);
  expect(formatRowsProgress(counts, meter, waits.findStandstill())).toBe(
    `1/2 rows · waiting 1 h 0 min for quota of m · done about ${end}`,
  );
});
