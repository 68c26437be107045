import { expect, test } from 'vitest';
import type { NarrativeEvent } from '../../../src/executor/narrative-events.js';
import type { SpinnerStatus } from '../../../src/terminal/progress/spinner.js';
import { createWaitTracker } from '../../../src/terminal/progress/wait-status.js';
import { createManualClock } from '../../helpers/manual-clock.js';

function setup(label?: string) {
  const clock = createManualClock();
  const statuses = new Map<object, () => SpinnerStatus>();
  const stderr = {
    setStatus(key: object, getStatus: (() => SpinnerStatus) | undefined) {
      if (getStatus) statuses.set(key, getStatus);
      else statuses.delete(key);
    },
  };
  const onEvent = createWaitTracker({ stderr, now: clock.now, ...(label !== undefined && { label }) });
  const readStatus = () => {
    const texts = [...statuses.values()].map((status) => {
      const { text, time } = status();
      return time === undefined ? text : `${text} ${time}`;
    });
    return texts.join(' · ') || 'nothing';
  };
  return { clock, onEvent, readStatus };
}

const start: NarrativeEvent = { type: 'act-start', act: 'draft', index: 0, model: 'alias' };
const wait = { type: 'act-wait', act: 'draft', model: 'm', reason: 'rpm', waitMs: 12_000, until: '' } as const;

test('counts down a wait for quota or before a retry, and then shows that the act waits for the reply', () => {
  const { clock, onEvent, readStatus } = setup();
  onEvent(start);
  onEvent(wait);
  const seen: string[] = [];
  for (let second = 0; second <= 12; second += 1, clock.advance(1000)) seen.push(readStatus());
  expect(seen.slice(0, 3)).toEqual([12, 11, 10].map((left) => `draft: waiting for quota of m: ${left} s`));
  expect(seen.slice(-3)).toEqual([
    'draft: waiting for quota of m: 2 s',
    'draft: waiting for quota of m: 1 s',
    'draft: waiting for m',
  ]);
  onEvent({ ...wait, reason: 'backoff', waitMs: 65_200 });
  expect(readStatus()).toBe('draft: retrying m in 1 min 6 s');
  onEvent({ ...wait, reason: 'backoff', isProjectWide: true });
  expect(readStatus()).toBe("draft: waiting for the project's spend-based rate limit: 12 s");
});

test('shows the elapsed time of a wait whose end is unknown, once two seconds have passed', () => {
  const { clock, onEvent, readStatus } = setup();
  onEvent(start);
  expect(readStatus()).toBe('draft: waiting for alias');
  clock.advance(9500);
  expect(readStatus()).toBe('draft: waiting for alias (10 s)');
  onEvent({ type: 'act-note', act: 'draft', about: 'upload', message: 'uploading film.mp4 (20.0 MB)' });
  clock.advance(3000);
  expect(readStatus()).toBe('draft: uploading film.mp4 (20.0 MB) (3 s)');
  onEvent({ ...wait, reason: 'concurrency' });
  expect(readStatus()).toBe('draft: waiting for a free slot of m');
});

test('shows the round of an act', () => {
  const { onEvent, readStatus } = setup();
  onEvent({ ...start, round: 2 });
  onEvent({ ...wait, round: 2 });
  expect(readStatus()).toBe('draft (round 2): waiting for quota of m: 12 s');
});

test('shows fallbacks, retries and the length of a streamed reply', () => {
  const { onEvent, readStatus } = setup('launch');
  onEvent(start);
  onEvent({ type: 'act-fallback', act: 'draft', from: 'alias', to: 'other', reason: 'used up' });
  expect(readStatus()).toBe('launch: draft: waiting for other');
  for (const text of ['four', 'five!']) onEvent({ type: 'act-delta', act: 'draft', text });
  expect(readStatus()).toBe('launch: draft: 9 characters from other so far');
  const error = { code: 'stream_interrupted', message: 'broke off' } as const;
  onEvent({ type: 'act-retry', act: 'draft', attempt: 1, delayMs: 0, error, discard: true });
  expect(readStatus()).toBe('launch: draft: waiting for other');
  for (const text of ['one', 'two']) onEvent({ type: 'act-delta', act: 'draft', text });
  // All text after the first three characters is discarded.
  onEvent({ type: 'act-retry', act: 'draft', attempt: 2, delayMs: 9, error, discard: true, keepChars: 3 });
  onEvent({ ...wait, reason: 'backoff' });
  onEvent({ type: 'act-delta', act: 'draft', text: '2' });
  expect(readStatus()).toBe('launch: draft: 4 characters from m so far');
  onEvent({ type: 'act-end', act: 'draft' } as NarrativeEvent);
  expect(readStatus()).toBe('nothing');
});

test('shows each of several acts that run at the same time', () => {
  const { onEvent, readStatus } = setup();
  const other = { act: 'draft', index: 3 };
  onEvent(start);
  onEvent({ ...start, ...other });
  onEvent({ ...wait, ...other });
  onEvent({ type: 'act-delta', act: 'draft', index: 0, text: 'four' });
  expect(readStatus()).toBe('draft: 4 characters from alias so far · draft: waiting for quota of m: 12 s');
  onEvent({ type: 'act-end', act: 'draft', index: 0 } as NarrativeEvent);
  expect(readStatus()).toBe('draft: waiting for quota of m: 12 s');
  onEvent({ type: 'narrative-end' } as NarrativeEvent);
  expect(readStatus()).toBe('nothing');
});
