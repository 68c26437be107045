import { expect, test } from 'vitest';
import type { ActEnd, NarrativeEvent } from '../../../src/executor/narrative-events.js';
import type { Output } from '../../../src/terminal/output.js';
import { createTextReplyOutput } from '../../../src/terminal/replies/text.js';

function setup({
  isTerminal = false,
  shows = () => true,
}: {
  isTerminal?: boolean;
  shows?: (act: string) => boolean;
} = {}) {
  const writes: string[] = [];
  const output: Output = { write: (text) => void writes.push(text), flush: async () => {}, isTerminal };
  const { onEvent } = createTextReplyOutput({ output, isActShown: ({ act }) => shows(act) });
  return { writes, onEvent, written: () => writes.join('') };
}

const start = (act: string, index: number): NarrativeEvent => ({ type: 'act-start', act, index, model: 'm' });
const delta = (act: string, text: string): NarrativeEvent => ({ type: 'act-delta', act, text });
const end = (act: string, index: number, text: string, firstTokenMs?: number): NarrativeEvent =>
  ({ type: 'act-end', act, index, text, ...(firstTokenMs !== undefined && { firstTokenMs }) }) as ActEnd;
const retry = (act: string): NarrativeEvent => ({
  type: 'act-retry',
  act,
  attempt: 1,
  delayMs: 1,
  error: { code: 'stream_interrupted', message: 'broke off' },
  discard: true,
});
const narrativeEnd = { type: 'narrative-end' } as NarrativeEvent;

const unstreamed = (replies: string[]) =>
  replies.flatMap((text, index) => [start(`a${index}`, index), end(`a${index}`, index, text)]);
const streamed = (replies: string[]) =>
  replies.flatMap((text, index) => [
    start(`a${index}`, index),
    ...[...text].map((character) => delta(`a${index}`, character)),
    end(`a${index}`, index, text, 1),
  ]);

test.each([
  ['one reply', ['Hello'], 'Hello\n'],
  ['an empty line between replies', ['A', 'B', 'C'], 'A\n\nB\n\nC\n'],
  ['only one newline at the end of a reply', ['A\n\n', 'B\r\n'], 'A\n\nB\n'],
  ['newlines within a reply unchanged', ['A\n\n\nB\r\nC', 'D'], 'A\n\n\nB\r\nC\n\nD\n'],
  ['leading white space unchanged', ['\n  A'], '\n  A\n'],
  ['emoji whole', ['😀😀', 'é'], '😀😀\n\né\n'],
  ['control characters to a pipe unchanged', ['\u001b[31mred'], '\u001b[31mred\n'],
])('writes %s, streamed or not', (_, replies, expected) => {
  for (const events of [unstreamed(replies), streamed(replies)]) {
    const { onEvent, written } = setup();
    for (const event of [...events, narrativeEnd]) onEvent(event);
    expect(written()).toBe(expected);
  }
});

test('holds back half of a surrogate pair until the other half arrives', () => {
  const { onEvent, writes } = setup();
  for (const event of [start('a', 0), delta('a', 'x\ud83d'), delta('a', '\ude00y'), end('a', 0, 'x😀y', 1)])
    onEvent(event);
  expect(writes).toEqual(['x', '😀y', '\n']);
});

test('writes each token without waiting for the next, except for the newlines at its end', () => {
  const { onEvent, writes } = setup();
  onEvent(start('a', 0));
  onEvent(delta('a', 'one'));
  expect(writes).toEqual(['one']);
  onEvent(delta('a', ' two\n'));
  expect(writes).toEqual(['one', ' two']);
});

test('writes symbols instead of control characters to a terminal', () => {
  const { onEvent, written } = setup({ isTerminal: true });
  for (const event of unstreamed(['a\u001b[2Jb\u0007\u009bc\td'])) onEvent(event);
  expect(written()).toBe('a␛[2Jb␇\ufffdc\td\n');
});

test('ends the line of a discarded attempt on a terminal and starts again below it', () => {
  const { onEvent, written } = setup({ isTerminal: true });
  for (const event of [start('a', 0), delta('a', 'bad'), retry('a'), delta('a', 'good'), end('a', 0, 'good', 1)]) {
    onEvent(event);
  }
  expect(written()).toBe('bad\n\ngood\n');
});

test('writes nothing for hidden acts', () => {
  const { onEvent, written } = setup({ shows: (act) => act === 'a1' });
  for (const event of [...streamed(['A', 'B', 'C']), narrativeEnd]) onEvent(event);
  expect(written()).toBe('B\n');
});

test('writes the text of an interrupted reply once, and ends it with a newline', () => {
  const { onEvent, written } = setup();
  for (const event of [start('a', 0), delta('a', 'so far'), narrativeEnd]) onEvent(event);
  expect(written()).toBe('so far\n');
});

test('writes tens of thousands of consecutive newlines within two seconds', () => {
  const { onEvent, writes } = setup();
  const newlines = '\n'.repeat(60_000);
  const startedAt = performance.now();
  onEvent(start('a', 0));
  for (const text of ['x', ...newlines, 'y', newlines]) onEvent(delta('a', text));
  onEvent(end('a', 0, '', 1));
  for (const event of unstreamed([`${newlines}x${newlines}`])) onEvent(event);
  expect(performance.now() - startedAt).toBeLessThan(2000);
  expect(writes.map((text) => text.length)).toEqual([1, 60_001, 1, 60_003]);
});
