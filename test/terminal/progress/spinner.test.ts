import { Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import stringWidth from 'string-width';
import { expect, onTestFinished, test } from 'vitest';
import { createSpinner, type SpinnerStatus } from '../../../src/terminal/progress/spinner.js';

/** Creates a spinner on a terminal that records what is written to it. */
async function setup(columns: number) {
  const written: string[] = [];
  const write = (chunk: unknown, _encoding: string, done: () => void) => {
    written.push(String(chunk));
    done();
  };
  const stream = Object.assign(new Writable({ write, decodeStrings: false }), {
    ...{ isTTY: true, columns, rows: 24 },
    cursorTo: () => stream.write('\u001b[G'),
    moveCursor: () => stream.write('\u001b[A'),
    clearLine: () => stream.write('\u001b[K'),
    clearScreenDown: () => stream.write('\u001b[J'),
  });
  const spinner = await createSpinner({ stream, isColored: false });
  onTestFinished(() => spinner.stop());
  // Each frame turns off line wrapping while it is written.
  const frames = () => written.filter((text) => text.includes('\u001b[?7l'));
  return {
    ...{ spinner, stream, written, frames },
    /** Returns the last frame: the symbol of the spinner, a space and the text. */
    shown: () => stripVTControlCharacters(frames().at(-1) ?? '').trimEnd(),
    resize(width: number) {
      stream.columns = width;
      stream.emit('resize');
    },
  };
}

const quotaWait: SpinnerStatus = { text: 'draft: quota of gemini-3.8-flash:', time: '12 s' };

test.each([
  [80, 'draft: quota of gemini-3.8-flash: 12 s'],
  [40, 'draft: quota of gemini-3.8-flas… 12 s'],
  [20, 'draft: quot… 12 s'],
  [12, 'dra… 12 s'],
])('truncates the text at %i columns and keeps the time', async (columns, expected) => {
  const { spinner, shown } = await setup(columns);
  spinner.start(() => quotaWait);
  expect(shown().slice(2)).toBe(expected);
});

test('counts the columns of wide characters and emoji, and never splits them', async () => {
  for (let columns = 12; columns < 40; columns += 1) {
    const { spinner, shown } = await setup(columns);
    spinner.start(() => ({ text: 'a日本語のテスト👩‍👩‍👧‍👦❤️😀é日本語のテスト', time: '12 s' }));
    expect(stringWidth(shown())).toBeLessThan(columns);
    expect(shown()).not.toMatch(/\p{Surrogate}|\u200d…/u);
    spinner.stop();
  }
});

test('shows control characters of its text as symbols, and a newline as a space', async () => {
  const { spinner, shown } = await setup(80);
  spinner.start(() => ({ text: 'a\nb\u001b[2Jc' }));
  expect(shown().slice(2)).toBe('a b␛[2Jc');
});

test('reads its status again, so that a countdown continues', async () => {
  const { spinner, frames } = await setup(80);
  let seconds = 12;
  spinner.start(() => ({ text: 'left:', time: `${seconds--} s` }));
  await delay(700);
  const seen = new Set(frames().map((frame) => /left: \d+ s/.exec(frame)?.[0]));
  expect([...seen].slice(0, 2)).toEqual(['left: 12 s', 'left: 11 s']);
});

test('clears the line when the terminal becomes narrower, and fits the text to the new width', async () => {
  const { spinner, written, shown, resize } = await setup(80);
  spinner.start(() => quotaWait);
  expect(written.join('')).toMatch(/\u001b\[\?7l[^\n]*\u001b\[\?7h\r(\u001b\[\?2026l)?$/);
  resize(20);
  expect(written.join('')).toContain('\u001b[J');
  await delay(500);
  expect(shown().slice(2)).toBe('draft: quot… 12 s');
});

test('starts once the width of the terminal is known, and stops, with a visible cursor, once it is unknown again', async () => {
  const { spinner, frames, resize, written } = await setup(0);
  spinner.start(() => quotaWait);
  expect(written).toEqual([]);
  resize(30);
  expect(frames().length).toBeGreaterThan(0);
  resize(0);
  const before = frames().length;
  await delay(300);
  expect(frames()).toHaveLength(before);
  expect(written.join('').lastIndexOf('\u001b[?25h')).toBeGreaterThan(written.join('').lastIndexOf('\u001b[?25l'));
});

test('clears its line and shows the cursor when it stops', async () => {
  const { spinner, written } = await setup(80);
  spinner.start(() => quotaWait);
  spinner.stop();
  expect(written.join('')).toMatch(/\u001b\[G\u001b\[K\u001b\[\?25h$/);
});
