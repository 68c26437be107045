import { expect, test } from 'vitest';
import { BoticelliError } from '../../../src/errors.js';
import type { ActEnd, RunReport } from '../../../src/executor/narrative-events.js';
import type { Output } from '../../../src/terminal/output.js';
import {
  createJsonArrayOutput,
  createJsonReplyOutput,
  createNdjsonReplyOutput,
  stringifyJson,
} from '../../../src/terminal/replies/json.js';

function setup() {
  const writes: string[] = [];
  const output: Output = { write: (text) => void writes.push(text), flush: async () => {}, isTerminal: false };
  return { writes, output, written: () => writes.join('') };
}

const acts = ['one', 'two'].map((act, index) => ({ type: 'act-end', act, index }) as ActEnd);
const report: RunReport = {
  run: 'r',
  narrative: 'n',
  description: undefined,
  status: 'failed',
  acts,
  usage: { promptTokens: 1, outputTokens: 2, thoughtTokens: 3, totalTokens: 6 },
  durationMs: 5,
  error: { code: 'blocked', message: 'blocked' },
  failure: new BoticelliError('blocked', 'blocked'),
};

test('writes one JSON document at the end, with only the shown acts and without the field `failure`', () => {
  const { writes, output } = setup();
  const replies = createJsonReplyOutput(output, ({ act }) => act === 'two');
  replies.onEvent({ type: 'act-delta', act: 'one', text: 'x' });
  expect(writes).toEqual([]);
  replies.finish(report);
  const document = JSON.parse(writes.join(''));
  expect(document).toMatchObject({ run: 'r', narrative: 'n', status: 'failed', error: { code: 'blocked' } });
  expect(document.acts).toEqual([{ type: 'act-end', act: 'two', index: 1 }]);
  expect(document).not.toHaveProperty('failure');
});

test('writes a line of NDJSON for each event as it happens, with the type first', () => {
  const { writes, output } = setup();
  createNdjsonReplyOutput(output).onEvent({ type: 'act-delta', act: 'one', text: 'a\nb' });
  expect(writes).toEqual(['{"type":"act-delta","act":"one","text":"a\\nb"}\n']);
});

test('escapes control characters, also those that JSON allows unescaped', () => {
  expect(stringifyJson('\u001b\u007f\u009b')).toBe('"\\u001b\\u007f\\u009b"');
  expect(JSON.parse(stringifyJson('\u001b\u007f\u009b'))).toBe('\u001b\u007f\u009b');
});

test('adds the id of the run to each line if there are several narratives', () => {
  const { output, written } = setup();
  const { onEvent } = createNdjsonReplyOutput(output, true);
  onEvent({ type: 'narrative-start', run: 'r1', narrative: 'n', acts: ['one'] });
  onEvent({ type: 'act-delta', act: 'one', text: 'a' });
  const lines = written().trimEnd().split('\n');
  expect(lines[1]).toBe('{"type":"act-delta","run":"r1","act":"one","text":"a"}');
  expect(JSON.parse(lines[0] ?? '')).toEqual({ type: 'narrative-start', run: 'r1', narrative: 'n', acts: ['one'] });
});

test('writes the documents of several narratives as one array, in the order of their positions, when all have finished', () => {
  const { output, written } = setup();
  const createOutputAt = createJsonArrayOutput(output, 2);
  const [first, second] = [createOutputAt(0, () => true), createOutputAt(1, () => false)];
  second.finish({ ...report, run: 'second' });
  expect(written()).toBe('');
  first.finish({ ...report, run: 'first' });
  expect(JSON.parse(written())).toMatchObject([{ run: 'first' }, { run: 'second', acts: [] }]);
});
