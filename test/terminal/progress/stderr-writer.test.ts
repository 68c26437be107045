import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createStderrWriter, type StderrWriterOptions } from '../../../src/terminal/progress/stderr-writer.js';

function setup(options: Partial<StderrWriterOptions> = {}) {
  const screen: string[] = [];
  const output = { write: (text: string) => void screen.push(text), flush: async () => {}, isTerminal: true };
  let status: (() => { text: string }) | undefined;
  let stops = 0;
  const spinner = {
    start: (words: () => { text: string }) => {
      status = words;
    },
    stop: () => {
      stops += 1;
      status = undefined;
    },
  };
  const lines = createStderrWriter({ output, spinner, sharesScreen: true, ...options });
  return { lines, replies: lines.wrapReplies(output), screen, spinning: () => status?.().text, stops: () => stops };
}

test('a line that comes while a reply is being written appears below it', () => {
  const { lines, replies, screen } = setup();
  replies.write('half of ');
  lines.writeLine('another narrative: done');
  replies.write('a line');
  replies.write('\n');
  lines.writeLine('after it');
  expect(screen).toEqual(['half of ', 'a line', '\n', 'another narrative: done\n', 'after it\n']);
});

test('the spinner gives way to a reply on its own screen, until its line is finished', async () => {
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

test('the spinner does not flicker where one thing ends and the next begins, and stays away at the end', async () => {
  const { lines, spinning, stops } = setup();
  const [a, b] = [{}, {}];
  lines.setStatus(a, () => ({ text: 'a' }));
  await nextTurn();
  lines.setStatus(a, undefined);
  lines.setStatus(b, () => ({ text: 'b' }));
  await nextTurn();
  expect([spinning(), stops()]).toEqual(['b', 0]);
  lines.setStatus(a, () => ({ text: 'a' }));
  expect(spinning()).toBe('2 at once · b · a');
  lines.stopSpinner();
  await nextTurn();
  expect(spinning()).toBeUndefined();
});

test('lines are broken between words where the terminal is narrow, and colours do not count', () => {
  const { lines, screen } = setup({ columns: () => 20 });
  const paint = (text: string) => `\u001b[2m${text}\u001b[22m`;
  lines.writeLine('draft: gemini-3.8-flash · 日本日本 tokens', paint);
  expect(screen).toEqual(['\u001b[2mdraft:\ngemini-3.8-flash ·\n日本日本 tokens\u001b[22m\n']);
});
