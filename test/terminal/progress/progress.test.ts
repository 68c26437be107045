import { expect, test } from 'vitest';
import type { ActEnd, NarrativeEvent } from '../../../src/executor/narrative-events.js';
import { createProgress, type ProgressOptions } from '../../../src/terminal/progress/progress.js';
import { createStderrWriter } from '../../../src/terminal/progress/stderr-writer.js';
import { noColors } from '../../../src/terminal/text/colors.js';

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

function renderProgress(options: Partial<ProgressOptions> = {}, inputEvents = events) {
  const writes: string[] = [];
  const output = { write: (text: string) => void writes.push(text), flush: async () => {}, isTerminal: false };
  const lines = createStderrWriter({ output, sharesScreen: false });
  const progress = createProgress({ stderr: lines, colors: noColors, detail: 'normal', now: () => 0, ...options });
  for (const event of inputEvents) progress.onEvent(event);
  return writes;
}

test('every happening is a line of its own', () => {
  expect(renderProgress()).toEqual([
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

test('where the carousel turns more than once, every line of an act says its round', () => {
  const round = 2;
  const wait = { type: 'act-wait', act: 'a', round, model: 'm', reason: 'rpm', waitMs: 12_000, until: '' } as const;
  const happened: NarrativeEvent[] = [
    { type: 'narrative-start', run: 'r', narrative: 'n', acts: ['a', 'a', 'a'] },
    { type: 'act-start', act: 'a', round, index: 1, model: 'm' },
    { type: 'act-retry', act: 'a', round, attempt: 1, delayMs: 500, error, discard: true },
    wait,
    { type: 'act-fallback', act: 'a', round, from: 'm', to: 'n', reason: 'used up' },
    { type: 'act-note', act: 'a', round, about: 'session', message: 'a new session' },
    { ...end, act: 'a', round, finishReason: 'MAX_TOKENS' },
  ];
  expect(renderProgress({}, happened)).toEqual([
    '[2/3] a (round 2) m\n',
    'a (round 2): attempt 1 failed: busy␛[2J; next one in 0.5 s\n',
    'a (round 2): the text above is void: the attempt broke off, the reply starts again\n',
    'a (round 2): waiting, quota of m (rpm): 12 s\n',
    'boticelli: a (round 2): n instead of m: used up\n',
    'a (round 2): a new session\n',
    'a (round 2): m · 12 tokens in, 34 out, 5 thinking · 1.2 s · 2 attempts\n',
    'boticelli: warning: a (round 2): the reply was cut short by max_tokens\n',
  ]);
});

test('a wait of a moment is told to who would know all', () => {
  const wait: NarrativeEvent = { type: 'act-wait', act: 'draft', model: 'm', reason: 'rpm', waitMs: 40, until: '' };
  expect(renderProgress({}, [wait])).toEqual([]);
  expect(renderProgress({ detail: 'verbose' }, [wait])).toEqual(['draft: waiting, quota of m (rpm): 0.0 s\n']);
});

test('an attempt after a refusal that names no pause is not said to come at once', () => {
  const error = { code: 'rate_limited', message: 'used up' } as const;
  const retry: NarrativeEvent = { type: 'act-retry', act: 'draft', attempt: 1, delayMs: 0, error, discard: false };
  expect(renderProgress({}, [retry])).toEqual(['draft: attempt 1 failed: used up; next one when there is quota\n']);
});

test('quiet leaves warnings alone', () => {
  expect(renderProgress({ detail: 'quiet' })).toEqual([
    'draft: the text above is void: the attempt broke off, the reply starts again\n',
    'boticelli: warning: final: the reply was cut short by max_tokens\n',
  ]);
});

test('verbose tells the pauses and the finish reason too', () => {
  const lines = renderProgress({ detail: 'verbose' }).join('');
  expect(lines).toContain('draft: waiting, next attempt with m: 0.5 s\n');
  expect(lines).toContain('finish reason STOP');
});

test('with a spinner that counts down, a wait is told when it is over, and a file on its way by the spinner alone', () => {
  const [start, actStart] = events as [NarrativeEvent, NarrativeEvent];
  const wait: NarrativeEvent = { type: 'act-wait', act: 'draft', model: 'm', reason: 'rpm', waitMs: 12_000, until: '' };
  const upload: NarrativeEvent = { type: 'act-note', act: 'draft', about: 'upload', message: 'sending film.mp4 ahead' };
  const happened = [start, actStart, upload, wait, { ...end, attempts: 1, waitMs: 12_000 }];
  expect(renderProgress({ showsCountdown: true }, happened).slice(1)).toEqual([
    'draft: m · 12 tokens in, 34 out, 5 thinking · waited 12 s · 1.2 s\n',
  ]);
  expect(renderProgress({}, happened).slice(1, 3)).toEqual([
    'draft: sending film.mp4 ahead\n',
    'draft: waiting, quota of m (rpm): 12 s\n',
  ]);
  expect(renderProgress({ showsCountdown: true, detail: 'verbose' }, happened)).toHaveLength(4);
});

test('a line of an act tells the first token, the whole time and the cost; a reused one that nothing was paid', () => {
  const priced = { ...end, attempts: 1, firstTokenMs: 400, costUsd: 0.00042 };
  expect(renderProgress({}, [priced, { ...end, reused: true }])).toEqual([
    'draft: m · 12 tokens in, 34 out, 5 thinking · first token 0.4 s · 1.2 s in all · $0.00042\n',
    'draft: reused from an earlier run: nothing asked, nothing paid · m\n',
  ]);
});

test('the summary says how far a run came, what was reused, and the cost', () => {
  const [start] = events as [NarrativeEvent];
  const over = { type: 'narrative-end', run: 'r', status: 'failed', usage, durationMs: 3000, costUsd: 1.5 } as const;
  expect(renderProgress({}, [start, { ...end, reused: true }, over]).at(-1)).toBe(
    'failed: 1 of 2 acts, 1 reused, 51 tokens, 3.0 s, $1.50\n',
  );
});

test('where several narratives run, each line begins with the one it is of', () => {
  const fallback: NarrativeEvent = { type: 'act-fallback', act: 'draft', from: 'm', to: 'n', reason: 'used up' };
  const lines = renderProgress({ label: 'launch' }, [...events.slice(0, 2), fallback]);
  expect(lines).toEqual(['launch: [1/2] draft m\n', 'boticelli: launch: draft: n instead of m: used up\n']);
});
