import { expect, test } from 'vitest';
import type { NarrativeEvent } from '../../../src/executor/narrative-events.js';
import { createThoughtWriter } from '../../../src/terminal/progress/thoughts.js';

const start = (act: string): NarrativeEvent => ({ type: 'act-start', act, index: 0, model: 'm' });
const thought = (act: string, text: string): NarrativeEvent => ({ type: 'act-thought', act, text });
const delta = (act: string): NarrativeEvent => ({ type: 'act-delta', act, text: 'x' });

function write(events: readonly NarrativeEvent[]) {
  const lines: string[] = [];
  const onEvent = createThoughtWriter((line) => void lines.push(line));
  for (const event of events) onEvent(event);
  return lines;
}

test('writes whole lines as they arrive, and the unfinished last line before the reply', () => {
  const events = [start('a'), thought('a', '**Pl'), thought('a', 'an**\n\nFirst'), thought('a', ' this')];
  expect(write(events)).toEqual(['**Plan**']);
  expect(write([...events, delta('a')])).toEqual(['**Plan**', '', 'First this']);
});

test('writes several blank lines in a row as one, and none at the beginning or the end', () => {
  expect(write([start('a'), thought('a', '\n\nOne\r\n\n \n'), thought('a', '\nTwo\n\n\n'), delta('a')])).toEqual([
    ...['One', '', 'Two'],
  ]);
});

test('names the act in each line if several acts run at the same time', () => {
  const at = (index: number, event: NarrativeEvent) => ({ ...event, index }) as NarrativeEvent;
  const thoughts = [at(0, thought('a', 'One\n')), at(1, thought('b', 'Two\n')), at(0, thought('a', 'Three\n'))];
  const events = [at(0, start('a')), at(1, start('b')), ...thoughts];
  expect(write(events)).toEqual(['a: One', 'b: Two', 'a: Three']);
});
