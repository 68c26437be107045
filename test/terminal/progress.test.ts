import { expect, test } from 'vitest';
import type { ActEnd, NarrativeEvent } from '../../src/executor/event.js';
import { noPaint } from '../../src/terminal/paint.js';
import { createProgress, type ProgressOptions } from '../../src/terminal/progress.js';

const usage = { promptTokens: 12, outputTokens: 34, thoughtTokens: 5, totalTokens: 51 };
const end: ActEnd = {
  type: 'act-end',
  act: 'draft',
  index: 0,
  model: 'm',
  requestedModel: 'm',
  text: 'x',
  finishReason: 'STOP',
  usage,
  attempts: 2,
  waitMs: 500,
  durationMs: 1234,
  reused: false,
};
const error = { code: 'unavailable', message: 'busy\u001b[2J' } as const;
const events: NarrativeEvent[] = [
  { type: 'narrative-start', run: 'r', narrative: 'n', acts: ['draft', 'final'] },
  { type: 'act-start', act: 'draft', index: 0, model: 'm' },
  { type: 'act-retry', act: 'draft', attempt: 1, delayMs: 500, error, discard: true },
  { type: 'act-wait', act: 'draft', model: 'm', reason: 'backoff', waitMs: 500, until: '2026-11-22T12:00:00Z' },
  { type: 'act-wait', act: 'draft', model: 'm', reason: 'rpm', waitMs: 12_000, until: '2026-11-22T12:00:00Z' },
  end,
  { ...end, act: 'final', finishReason: 'MAX_TOKENS', model: 'served' },
  { type: 'narrative-end', run: 'r', status: 'completed', usage, durationMs: 65_000 },
];

function told(options: Partial<ProgressOptions> = {}) {
  const writes: string[] = [];
  const output = { write: (text: string) => void writes.push(text), flushed: async () => {}, isTerminal: false };
  const progress = createProgress({ output, paint: noPaint, detail: 'normal', sharesScreen: true, ...options });
  for (const event of events) {
    progress.makeRoom();
    progress.onEvent(event);
  }
  return writes;
}

test('every happening is a line of its own', () => {
  expect(told()).toEqual([
    '[1/2] draft m\n',
    'draft: attempt 1 failed: busy␛[2J; next one in 0.5 s\n',
    'draft: the text above is void: the attempt broke off, the reply starts again\n',
    'draft: waiting, quota of m (rpm): 12 s\n',
    'draft: m · 12 tokens in, 34 out, 5 thinking · 1.2 s · 2 attempts\n',
    'final: served (asked for m) · 12 tokens in, 34 out, 5 thinking · 1.2 s · 2 attempts\n',
    'boticelli: warning: final: the reply was cut short by max_tokens\n',
    'completed: 2 acts, 51 tokens, 1 min 5 s\n',
  ]);
});

test('quiet leaves warnings alone', () => {
  expect(told({ detail: 'quiet' })).toEqual([
    'draft: the text above is void: the attempt broke off, the reply starts again\n',
    'boticelli: warning: final: the reply was cut short by max_tokens\n',
  ]);
});

test('verbose tells the pauses and the finish reason too', () => {
  const lines = told({ detail: 'verbose' }).join('');
  expect(lines).toContain('draft: waiting, next attempt with m: 0.5 s\n');
  expect(lines).toContain('finish reason STOP');
});

test('a spinner is off the screen before anything is written, and gives way to a reply on its own screen only', () => {
  for (const sharesScreen of [true, false]) {
    let spinning = false;
    const spinner = {
      start: () => {
        spinning = true;
      },
      stop: () => {
        spinning = false;
      },
    };
    const output = {
      write: () => expect(spinning).toBe(false),
      flushed: async () => {},
      isTerminal: true,
    };
    const progress = createProgress({ output, paint: noPaint, detail: 'normal', spinner, sharesScreen });
    for (const event of events) progress.onEvent(event);
    progress.onEvent({ type: 'act-start', act: 'draft', index: 0, model: 'm' });
    expect(spinning).toBe(true);
    progress.makeRoom();
    expect(spinning).toBe(!sharesScreen);
    progress.stop();
    expect(spinning).toBe(false);
  }
});
