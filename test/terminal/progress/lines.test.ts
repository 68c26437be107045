import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createLines, type LinesOptions } from '../../../src/terminal/progress/lines.js';

function rig(options: Partial<LinesOptions> = {}) {
  const screen: string[] = [];
  const output = { write: (text: string) => void screen.push(text), flushed: async () => {}, isTerminal: true };
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
  const lines = createLines({ output, spinner, sharesScreen: true, ...options });
  return { lines, replies: lines.besides(output), screen, spinning: () => status?.().text, stops: () => stops };
}

test('a line that comes while a reply is being written appears below it', () => {
  const { lines, replies, screen } = rig();
  replies.write('half of ');
  lines.say('another narrative: done');
  replies.write('a line');
  replies.write('\n');
  lines.say('after it');
  expect(screen).toEqual(['half of ', 'a line', '\n', 'another narrative: done\n', 'after it\n']);
});

test('the spinner gives way to a reply on its own screen, until its line is finished', async () => {
  for (const sharesScreen of [true, false]) {
    const { lines, replies, spinning } = rig({ sharesScreen });
    lines.underWay({}, () => ({ text: 'waiting' }));
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
  const { lines, spinning, stops } = rig();
  const [a, b] = [{}, {}];
  lines.underWay(a, () => ({ text: 'a' }));
  await nextTurn();
  lines.underWay(a, undefined);
  lines.underWay(b, () => ({ text: 'b' }));
  await nextTurn();
  expect([spinning(), stops()]).toEqual(['b', 0]);
  lines.underWay(a, () => ({ text: 'a' }));
  expect(spinning()).toBe('2 at once · b · a');
  lines.leaveNothing();
  await nextTurn();
  expect(spinning()).toBeUndefined();
});

test('lines are broken between words where the terminal is narrow, and colours do not count', () => {
  const { lines, screen } = rig({ columns: () => 20 });
  const paint = (text: string) => `\u001b[2m${text}\u001b[22m`;
  lines.say('draft: gemini-3.8-flash · 日本日本 tokens', paint);
  expect(screen).toEqual(['\u001b[2mdraft:\ngemini-3.8-flash ·\n日本日本 tokens\u001b[22m\n']);
});
