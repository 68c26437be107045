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
  const stderr = createStderrWriter({ output, spinner, sharesScreen: true, ...options });
  return {
    stderr,
    replies: stderr.keepReplyLinesWhole(output),
    screen,
    spinnerText: () => status?.().text,
    stops: () => stops,
  };
}

test('holds a progress line back until the reply has ended its own line, and writes it below', () => {
  const { stderr, replies, screen } = setup();
  replies.write('half of ');
  stderr.writeLine('another narrative: done');
  replies.write('a line');
  replies.write('\n');
  stderr.writeLine('after it');
  expect(screen).toEqual(['half of ', 'a line', '\n', 'another narrative: done\n', 'after it\n']);
});

test('hides the spinner while a reply on the same screen is in the middle of a line', async () => {
  for (const sharesScreen of [true, false]) {
    const { stderr, replies, spinnerText } = setup({ sharesScreen });
    stderr.setStatus({}, () => ({ text: 'waiting' }));
    await nextTurn();
    expect(spinnerText()).toBe('waiting');
    replies.write('half');
    await nextTurn();
    expect(spinnerText()).toBe(sharesScreen ? undefined : 'waiting');
    replies.write('\n');
    await nextTurn();
    expect(spinnerText()).toBe('waiting');
  }
});

test('does not stop the spinner between two statuses, joins parallel statuses, and shows none after stopSpinner', async () => {
  const { stderr, spinnerText, stops } = setup();
  const [a, b] = [{}, {}];
  stderr.setStatus(a, () => ({ text: 'a' }));
  await nextTurn();
  stderr.setStatus(a, undefined);
  stderr.setStatus(b, () => ({ text: 'b' }));
  await nextTurn();
  expect([spinnerText(), stops()]).toEqual(['b', 0]);
  stderr.setStatus(a, () => ({ text: 'a' }));
  expect(spinnerText()).toBe('2 in parallel · b · a');
  stderr.stopSpinner();
  await nextTurn();
  expect(spinnerText()).toBeUndefined();
});

test('wraps lines to the width of the terminal, without counting colours', () => {
  const { stderr, screen } = setup({ columns: () => 20 });
  const colorize = (text: string) => `\u001b[2m${text}\u001b[22m`;
  stderr.writeLine('draft: gemini-3.8-flash · 日本日本 tokens', colorize);
  expect(screen).toEqual(['\u001b[2mdraft:\ngemini-3.8-flash ·\n日本日本 tokens\u001b[22m\n']);
});
