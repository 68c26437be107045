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
  const stderr = createStderrWriter({ output, sharesScreen: false });
  const progress = createProgress({ stderr, colors: noColors, verbosity: 'normal', now: () => 0, ...options });
  for (const event of inputEvents) progress.onEvent(event);
  return writes;
}

test('writes lines for acts, failed attempts, waits, warnings and the end of the run', () => {
  expect(renderProgress()).toEqual([
    '[1/2] draft m\n',
    'draft: attempt 1 failed: busy␛[2J; retrying in 0.5 s\n',
    'draft: the text above is discarded; the reply starts again\n',
    'draft: waiting 12 s for quota of m (rpm)\n',
    'draft: m · 12 tokens in, 34 out, 5 thinking · 1.2 s · 2 attempts\n',
    'final: served (asked for m) · 12 tokens in, 34 out, 5 thinking · 1.2 s · 2 attempts\n',
    'boticelli: warning: final: the reply was cut short by max_tokens\n',
    'completed: 2 acts, 51 tokens, 1 min 5 s\n',
  ]);
});

const guessed = { type: 'act-wait', act: 'draft', model: 'm', reason: 'rpm', guessed: true, until: '' } as const;
const guessedWaits: NarrativeEvent[] = [
  { type: 'act-start', act: 'draft', index: 0, model: 'm' },
  { ...guessed, waitMs: 999, limit: 5 },
  { ...guessed, waitMs: 12_000, limit: 5 },
  { ...guessed, waitMs: 12_000, limit: 5 },
];
const advice = 'with a paid key, use --tier tier_1 or set default_tier';

test('explains a guessed limit at its first reported wait, with and without a spinner, but not with --quiet', () => {
  const line = `draft: guessed free-tier limit of 5 requests per minute; ${advice}\n`;
  const waiting = 'draft: waiting 12 s for quota of m (rpm, built-in guess)\n';
  expect(renderProgress({}, guessedWaits).slice(1)).toEqual([waiting, line, waiting]);
  expect(renderProgress({ hasSpinner: true }, guessedWaits).slice(1)).toEqual([line]);
  expect(renderProgress({ verbosity: 'quiet' }, guessedWaits)).toEqual([]);
  // Another narrative of the same command may already have explained the limit.
  expect(renderProgress({ isFirstGuessedLimit: () => false }, guessedWaits).slice(1)).toEqual([waiting, waiting]);
});

test.each([
  [{ reason: 'rpm', limit: 1 }, '1 request per minute'],
  [{ reason: 'tpm', limit: 250_000 }, '250,000 input tokens per minute'],
  [{ reason: 'concurrency', limit: 3 }, '3 concurrent sessions'],
] as const)('explains the guessed limit %o with its number and unit', (fields, text) => {
  const wait: NarrativeEvent = { ...guessed, waitMs: 2000, ...fields };
  expect(renderProgress({ hasSpinner: true }, [wait])).toEqual([
    `draft: guessed free-tier limit of ${text}; ${advice}\n`,
  ]);
});

test('adds the round to every line if the narrative has several rounds', () => {
  const round = 2;
  const wait = { type: 'act-wait', act: 'a', round, model: 'm', reason: 'rpm', waitMs: 12_000, until: '' } as const;
  const inputEvents: NarrativeEvent[] = [
    { type: 'narrative-start', run: 'r', narrative: 'n', acts: ['a', 'a', 'a'] },
    { type: 'act-start', act: 'a', round, index: 1, model: 'm' },
    { type: 'act-retry', act: 'a', round, attempt: 1, delayMs: 500, error, discard: true },
    wait,
    { type: 'act-fallback', act: 'a', round, from: 'm', to: 'n', reason: 'used up' },
    { type: 'act-note', act: 'a', round, about: 'session', message: 'a new session' },
    { ...end, act: 'a', round, finishReason: 'MAX_TOKENS' },
  ];
  expect(renderProgress({}, inputEvents)).toEqual([
    '[2/3] a (round 2) m\n',
    'a (round 2): attempt 1 failed: busy␛[2J; retrying in 0.5 s\n',
    'a (round 2): the text above is discarded; the reply starts again\n',
    'a (round 2): waiting 12 s for quota of m (rpm)\n',
    'boticelli: a (round 2): using n instead of m: used up\n',
    'a (round 2): a new session\n',
    'a (round 2): m · 12 tokens in, 34 out, 5 thinking · 1.2 s · 2 attempts\n',
    'boticelli: warning: a (round 2): the reply was cut short by max_tokens\n',
  ]);
});

test('says how many characters of the text above are discarded if a retry discards only the end', () => {
  const delta = (text: string): NarrativeEvent => ({ type: 'act-delta', act: 'draft', text });
  const discardEnd: NarrativeEvent = {
    type: 'act-retry',
    act: 'draft',
    attempt: 1,
    delayMs: 0,
    error,
    discard: true,
    keepChars: 4,
  };
  const note: NarrativeEvent = { type: 'act-note', act: 'draft', about: 'reply', message: 'requesting part 2' };
  const [, actStart] = events as [NarrativeEvent, NarrativeEvent];
  const inputEvents = [actStart, delta('one '), note, delta('tw'), delta('o'), discardEnd, delta('2'), discardEnd];
  const lines = renderProgress({ verbosity: 'quiet' }, [
    ...inputEvents,
    actStart,
    delta('five'),
    { ...discardEnd, keepChars: 3 },
  ]);
  expect(lines).toEqual([
    'draft: the end of the text above (3 characters) is discarded; that part of the reply starts again\n',
    ...Array(2).fill(
      'draft: the end of the text above (1 character) is discarded; that part of the reply starts again\n',
    ),
  ]);
});

test('reports a short wait only under --verbose', () => {
  const wait: NarrativeEvent = { type: 'act-wait', act: 'draft', model: 'm', reason: 'rpm', waitMs: 40, until: '' };
  expect(renderProgress({}, [wait])).toEqual([]);
  expect(renderProgress({ verbosity: 'verbose' }, [wait])).toEqual(['draft: waiting 0.0 s for quota of m (rpm)\n']);
});

test('says that a rate-limited attempt is retried "when the limit allows it", not "now"', () => {
  const error = { code: 'rate_limited', message: 'used up' } as const;
  const retry: NarrativeEvent = { type: 'act-retry', act: 'draft', attempt: 1, delayMs: 0, error, discard: false };
  expect(renderProgress({}, [retry])).toEqual([
    'draft: attempt 1 failed: used up; retrying when the limit allows it\n',
  ]);
});

test('writes only warnings and the line about discarded text under --quiet', () => {
  expect(renderProgress({ verbosity: 'quiet' })).toEqual([
    'draft: the text above is discarded; the reply starts again\n',
    'boticelli: warning: final: the reply was cut short by max_tokens\n',
  ]);
});

test('reports an unusual finish reason only by its warning note, even under --quiet, and not again at the end of the act', () => {
  const message = 'the model stopped with OTHER: the reply may be incomplete';
  const note: NarrativeEvent = { type: 'act-note', act: 'draft', about: 'reply', message, warning: true };
  const inputEvents = [note, { ...end, finishReason: 'OTHER' }];
  expect(renderProgress({ verbosity: 'quiet' }, inputEvents)).toEqual([`boticelli: warning: draft: ${message}\n`]);
});

test('writes waits and the finish reason under --verbose', () => {
  const lines = renderProgress({ verbosity: 'verbose' }).join('');
  expect(lines).toContain('draft: waiting 0.5 s before the next attempt with m\n');
  expect(lines).toContain('finish reason STOP');
});

test('with a spinner, uploads and waits have lines only under --verbose; the line of a finished act has its wait', () => {
  const [start, actStart] = events as [NarrativeEvent, NarrativeEvent];
  const wait: NarrativeEvent = { type: 'act-wait', act: 'draft', model: 'm', reason: 'rpm', waitMs: 12_000, until: '' };
  const upload: NarrativeEvent = { type: 'act-note', act: 'draft', about: 'upload', message: 'uploading film.mp4' };
  const inputEvents = [start, actStart, upload, wait, { ...end, attempts: 1, waitMs: 12_000 }];
  expect(renderProgress({ hasSpinner: true }, inputEvents).slice(1)).toEqual([
    'draft: m · 12 tokens in, 34 out, 5 thinking · waited 12 s · 1.2 s\n',
  ]);
  expect(renderProgress({}, inputEvents).slice(1, 3)).toEqual([
    'draft: uploading film.mp4\n',
    'draft: waiting 12 s for quota of m (rpm)\n',
  ]);
  expect(renderProgress({ hasSpinner: true, verbosity: 'verbose' }, inputEvents)).toHaveLength(4);
});

test('shows first token, total time and cost of an act, and that a reused one cost nothing', () => {
  const priced = { ...end, attempts: 1, firstTokenMs: 400, costUsd: 0.00042 };
  expect(renderProgress({}, [priced, { ...end, reused: true }])).toEqual([
    'draft: m · 12 tokens in, 34 out, 5 thinking · first token 0.4 s · 1.2 s total · $0.00042\n',
    'draft: reused from an earlier run (no request, no cost) · m\n',
  ]);
  expect(renderProgress({ replays: true }, [{ ...end, reused: true }])).toEqual([
    'draft: reused from the recording (no request, no cost) · m\n',
  ]);
});

test('shows the number of acts, reused replies and the cost at the end of a run', () => {
  const [start] = events as [NarrativeEvent];
  const narrativeEnd = {
    type: 'narrative-end',
    run: 'r',
    status: 'failed',
    usage,
    durationMs: 3000,
    costUsd: 1.5,
  } as const;
  expect(renderProgress({}, [start, { ...end, reused: true }, narrativeEnd]).at(-1)).toBe(
    'failed: 1 of 2 acts, 1 reused, 51 tokens, 3.0 s, $1.50\n',
  );
});

test('with several narratives, each line names the narrative first, or after `boticelli:`', () => {
  const fallback: NarrativeEvent = { type: 'act-fallback', act: 'draft', from: 'm', to: 'n', reason: 'used up' };
  const lines = renderProgress({ label: 'launch' }, [...events.slice(0, 2), fallback]);
  expect(lines).toEqual(['launch: [1/2] draft m\n', 'boticelli: launch: draft: using n instead of m: used up\n']);
});
