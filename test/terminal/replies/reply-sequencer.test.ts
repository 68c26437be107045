import { expect, test } from 'vitest';
import type { ActEnd, NarrativeEvent, RunReport } from '../../../src/executor/narrative-events.js';
import { createActSequencer, createNarrativeSequencer } from '../../../src/terminal/replies/reply-sequencer.js';
import { createParagraphWriter, createTextReplyOutput } from '../../../src/terminal/replies/text.js';

function setup(count: number) {
  const writes: string[] = [];
  const output = { write: (text: string) => void writes.push(text), flush: async () => {}, isTerminal: false };
  const paragraphWriter = createParagraphWriter(output);
  const sequence = createNarrativeSequencer();
  const outputs = Array.from({ length: count }, (_, position) =>
    sequence(
      position,
      createTextReplyOutput({
        ...{ output, paragraphWriter, isActShown: () => true },
        writeHeading: ({ act }) => void writes.push(`<${act}>`),
      }),
    ),
  );
  return { outputs, written: () => writes.join('') };
}

const start = (act: string): NarrativeEvent => ({ type: 'act-start', act, index: 0, model: 'm' });
const delta = (act: string, text: string): NarrativeEvent => ({ type: 'act-delta', act, text });
const end = (act: string, text: string): NarrativeEvent => ({ type: 'act-end', act, text, firstTokenMs: 1 }) as ActEnd;
const discard = { type: 'act-retry', act: 'b', discard: true } as NarrativeEvent;
const narrativeEnd = { type: 'narrative-end' } as NarrativeEvent;
const report = {} as RunReport;

test('writes the replies of the first unfinished narrative immediately, and those of later narratives in order', () => {
  const { outputs, written } = setup(3);
  const [a, b, c] = outputs;
  for (const event of [start('c'), delta('c', 'see'), end('c', 'see'), narrativeEnd]) c?.onEvent(event);
  c?.finish(report);
  for (const event of [start('b'), delta('b', 'bad'), discard, delta('b', 'go')]) b?.onEvent(event);
  for (const event of [start('a'), delta('a', 'A')]) a?.onEvent(event);
  expect(written()).toBe('<a>A');
  expect([a, b].map((output) => output?.isHeldBack({ index: 0 }))).toEqual([false, true]);
  for (const event of [end('a', 'A'), narrativeEnd]) a?.onEvent(event);
  a?.finish(report);
  expect(written()).toBe('<a>A\n<b>\ngo');
  expect(b?.isHeldBack({ index: 0 })).toBe(false);
  for (const event of [delta('b', 'od'), end('b', 'good'), narrativeEnd]) b?.onEvent(event);
  b?.finish(report);
  expect(written()).toBe('<a>A\n<b>\ngood\n<c>\nsee\n');
});

test('keeps the beginning of a queued reply if a retry discards only the end', () => {
  const { outputs, written } = setup(2);
  const discardEnd = { ...discard, keepChars: 6 } as NarrativeEvent;
  const deltas = ['one ', 'two ', 'three'].map((text) => delta('b', text));
  for (const event of [start('b'), ...deltas, discardEnd, delta('b', '2 three')]) outputs[1]?.onEvent(event);
  outputs[1]?.finish(report);
  outputs[0]?.finish(report);
  expect(written()).toBe('<b>one tw2 three');
});

test('keeps the text of an interrupted reply until it can be written', () => {
  const { outputs, written } = setup(2);
  for (const event of [start('b'), delta('b', 'so '), delta('b', 'far'), narrativeEnd]) outputs[1]?.onEvent(event);
  outputs[1]?.finish(report);
  expect(written()).toBe('');
  outputs[0]?.finish(report);
  expect(written()).toBe('<b>so far\n');
});

test('writes the reply of the first unfinished act immediately, later replies in order, and none after a failed act', () => {
  const writes: string[] = [];
  const output = { write: (text: string) => void writes.push(text), flush: async () => {}, isTerminal: false };
  const replies = createActSequencer(createTextReplyOutput({ output, isActShown: ({ act }) => act !== 'hidden' }));
  const send = (index: number, ...events: NarrativeEvent[]) => {
    for (const event of events) replies.onEvent({ ...event, index } as NarrativeEvent);
  };
  send(1, start('b'), delta('b', 'bad'), discard, delta('b', 'go'));
  send(0, start('hidden'), delta('hidden', 'no'));
  send(2, start('c'), end('c', 'see'));
  expect([0, 1, 2].map((index) => replies.isHeldBack?.({ index }))).toEqual([false, true, true]);
  expect(writes).toEqual([]);
  send(0, end('hidden', 'no'));
  expect(writes.join('')).toBe('go');
  send(1, delta('b', 'od'), end('b', 'good'));
  expect(writes.join('')).toBe('good\n\nsee\n');
  // The act with the index 3 fails: it has no `act-end`.
  send(4, start('e'), end('e', 'late'));
  send(3, start('d'), delta('d', 'so far'));
  replies.onEvent(narrativeEnd);
  replies.finish(report);
  expect(writes.join('')).toBe('good\n\nsee\n\nso far\n');
});
