import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createStderrWriter, type StderrWriterOptions } from '../../../src/terminal/progress/stderr-writer.js';

function setup(options: Partial<StderrWriterOptions> = {}) {
  const screen: string[] = [];
  const output = { write: (text: string) => void screen.push(text), flush: async () => {}, isTerminal: true };
  let status: (() => { text: string }) | undefined;
  let stops = 0;
  const spinner = {
    start: (getStatus: () => { text: string }) => {
      status = getStatus;
    },
    stop: () => {
      stops += 1;
      status = undefined;
    },
  };
  const lines = createStderrWriter({ output, spinner, sharesScreen: true, ...options });
  return { lines, replies: lines.wrapReplies(output), screen, spinning: () => status?.().text, stops: () => stops };
}

test('writes a line below a reply that is in the middle of a line', () => {
  const { lines, replies, screen } = setup();
  replies.write('half of ');
  lines.writeLine('another narrative: done');
  replies.write('a line');
  replies.write('\n');
  lines.writeLine('after it');
  expect(screen).toEqual(['half of ', 'a line', '\n', 'another narrative: done\n', 'after it\n']);
});

test('hides the spinner while a reply on the same screen is in the middle of a line', async () => {
  for (const sharesScreen of [true, false]) {
    const { lines, replies, spinning } = setup({ sharesScreen });
    lines.setStatus({}, () => ({ text: 'waiting' }));
    await nextTurn();
    expect(spinning()).toBe('waiting');
    replies.write('half');
    await nextTurn();
    expect(spinning()).toBe(sharesScreen ? undefined : 'waiting');
    replies.write('\n');
    await nextTurn();
    expect(spinning()).toBe('waiting');
  }
});

test('keeps the spinner between two statuses, and hides it for good at the end', async () => {
  const { lines, spinning, stops } = setup();
  const [a, b] = [{}, {}];
  lines.setStatus(a, () => ({ text: 'a' }));
  await nextTurn();
  lines.setStatus(a, undefined);
  lines.setStatus(b, () => ({ text: 'b' }));
  await nextTurn();
  expect([spinning(), stops()]).toEqual(['b', 0]);
  lines.setStatus(a, () => ({ text: 'a' }));
  expect(spinning()).toBe('2 in parallel · b · a');
  lines.stopSpinner();
  await nextTurn();
  expect(spinning()).toBeUndefined();
});

test('wraps lines to the width of the terminal, without counting colours', () => {
  const { lines, screen } = setup({ columns: () => 20 });
  const colorize = (text: string) => `\u001b[2m${text}\u001b[22m`;
  lines.writeLine('draft: gemini-3.8-flash · 日本日本 tokens', colorize);
  expect(screen).toEqual(['\u001b[2mdraft:\ngemini-3.8-flash ·\n日本日本 tokens\u001b[22m\n']);
});
