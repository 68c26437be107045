import { expect, test } from 'vitest';
import { BoticelliError } from '../../src/errors.js';
import type { ActEnd, RunReport } from '../../src/executor/event.js';
import { createJsonReplies, createNdjsonReplies, jsonOf } from '../../src/terminal/json-replies.js';
import type { Output } from '../../src/terminal/output.js';

function rig() {
  const writes: string[] = [];
  const output: Output = { write: (text) => void writes.push(text), flushed: async () => {}, isTerminal: false };
  return { writes, output };
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

test('json is one document at the end, with the acts that are shown and without the error object itself', () => {
  const { writes, output } = rig();
  const replies = createJsonReplies({ output, isShown: ({ act }) => act === 'two' });
  replies.onEvent({ type: 'act-delta', act: 'one', text: 'x' });
  expect(writes).toEqual([]);
  replies.finish(report);
  const document = JSON.parse(writes.join(''));
  expect(document).toMatchObject({ run: 'r', narrative: 'n', status: 'failed', error: { code: 'blocked' } });
  expect(document.acts).toEqual([{ type: 'act-end', act: 'two', index: 1 }]);
  expect(document).not.toHaveProperty('failure');
});

test('ndjson is a line an event, type first, as it happens', () => {
  const { writes, output } = rig();
  createNdjsonReplies({ output }).onEvent({ type: 'act-delta', act: 'one', text: 'a\nb' });
  expect(writes).toEqual(['{"type":"act-delta","act":"one","text":"a\\nb"}\n']);
});

test('json escapes every control character, those that JSON allows too', () => {
  expect(jsonOf('\u001b\u007f\u009b')).toBe('"\\u001b\\u007f\\u009b"');
  expect(JSON.parse(jsonOf('\u001b\u007f\u009b'))).toBe('\u001b\u007f\u009b');
});
