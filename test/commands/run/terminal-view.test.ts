import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import stringWidth from 'string-width';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { boticelli, narrativeOf, type Running, temporaryFolder, terminal } from '../../helpers/boticelli.js';
import { failure, overloaded } from '../../helpers/gemini-errors.js';
import { createGate } from '../../helpers/gemini-gate.js';
import { text } from '../../helpers/gemini-replies.js';
import { type GeminiServer, startGeminiServer } from '../../helpers/gemini-server.js';

let server: GeminiServer;
beforeEach(async () => {
  server = await startGeminiServer();
});
afterEach(() => server.close());

const settings = '[providers.gemini]\nrate_window_seconds = 3\n';
const folder = (head = '') =>
  temporaryFolder(onTestFinished, {
    ...{ 'one.toml': narrativeOf(1, head), 'two.toml': narrativeOf(2, head), 'boticelli.toml': settings },
    'crash.cjs': 'process.on("SIGUSR2", () => { throw new Error("a bug"); });',
  });
const [hideCursor, showCursor] = ['\u001b[?25l', '\u001b[?25h'];
/** Every frame that a spinner drew: its sign and its words, without what moves the cursor and colours. */
const framesOf = (screen: string) =>
  [...screen.matchAll(/(\S)(?:\u001b\[39m)? \u001b\[\?7l([^\r\n]*)\u001b\[\?7h\r/g)].map(
    ([, sign, words]) => `${sign} ${words}`,
  );
/** What is left of the spinner's line: what was drawn after that was last cleared. */
const leftBehind = (screen: string) => framesOf(screen.slice(Math.max(0, screen.lastIndexOf('\u001b[0K'))));
const nodeIn = ({ child: { pid } }: Running) =>
  Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0]);

test('a wait for quota counts down, is gone when it is over, and the line of its act tells of it', async () => {
  const running = terminal(['run', 'two.toml', '--rpm', '1'], { server, cwd: folder() });
  const { code, stdout } = await running.ended;
  expect(code).toBe(0);
  const countdown = framesOf(stdout).flatMap((frame) => /act_2: quota of \S+: (\d) s$/.exec(frame)?.[1] ?? []);
  expect([...new Set(countdown)]).toEqual(['4', '3', '2', '1'].filter((second) => countdown.includes(second)));
  expect(countdown.length).toBeGreaterThan(3);
  expect(stripVTControlCharacters(stdout)).toMatch(/act_2: gemini-\S+ · .* · waited [123]\.\d s · /);
  expect(stripVTControlCharacters(stdout)).not.toContain('waiting, quota');
  expect(leftBehind(stdout)).toEqual([]);
});

test.each([
  ['success', text('well', { headersDelayMs: 500 }), 0],
  ['a failure', { ...failure(400, 'no good', []), headersDelayMs: 500 }, 69],
  ['failing for good after attempts', overloaded(), 69],
])('%s leaves no spinner behind, and the cursor shown', async (_, script, expected) => {
  server.replyAlways(script);
  const { code, stdout } = await terminal(['run', 'one.toml', '--retries', '1'], { server, cwd: folder() }).ended;
  expect(code).toBe(expected);
  expect(framesOf(stdout).length).toBeGreaterThan(0);
  expect(leftBehind(stdout)).toEqual([]);
  expect(stdout.lastIndexOf(showCursor)).toBeGreaterThan(stdout.lastIndexOf(hideCursor));
});

test('no signal leaves a spinner behind or the cursor hidden', async () => {
  server.replyAlways({ end: 'stall-before-headers' });
  const ended = async (signal: NodeJS.Signals) => {
    const running = terminal(['run', 'one.toml'], { server, cwd: folder() });
    await running.said('waiting for');
    process.kill(nodeIn(running), signal);
    const { stdout } = await running.ended;
    expect(stdout).toContain(`interrupted by ${signal}`);
    expect(leftBehind(stdout)).toEqual([]);
    expect(stdout.lastIndexOf(showCursor)).toBeGreaterThan(stdout.lastIndexOf(hideCursor));
  };
  await Promise.all((['SIGINT', 'SIGTERM', 'SIGHUP'] as const).map(ended));
});

test('a crash leaves no spinner behind, its stack in a place of its own, and the cursor shown', async () => {
  server.replyAlways({ end: 'stall-before-headers' });
  const cwd = folder();
  const env = { NODE_OPTIONS: `--require ${join(cwd, 'crash.cjs')}` };
  const running = terminal(['run', 'one.toml'], { server, cwd, env });
  await running.said('waiting for');
  process.kill(nodeIn(running), 'SIGUSR2');
  const { stdout } = await running.ended;
  expect(stdout).toMatch(/Error: a bug\r?\n +at /);
  expect(framesOf(stdout.slice(stdout.indexOf(showCursor)))).toEqual([]);
  expect(stdout.lastIndexOf(showCursor)).toBeGreaterThan(stdout.lastIndexOf(hideCursor));
});

test('at 20, 40 and 300 columns the spinner keeps to its line, and lines break between words', async () => {
  server.replyAlways(text('Ein 日本 😀 Wort.', { headersDelayMs: 700 }));
  const shownAt = async (columns: number) => {
    const { code, stdout } = await terminal(['run', 'two.toml'], { server, cwd: folder(), columns }).ended;
    expect(code).toBe(0);
    const frames = framesOf(stdout);
    expect(frames.length).toBeGreaterThan(3);
    for (const frame of frames) expect(stringWidth(frame)).toBeLessThan(columns);
    const lines = stripVTControlCharacters(stdout).split(/\r?\n|\r/);
    const told = lines.filter((line) => /tokens|·/.test(line) && !/^\S? /.test(line));
    for (const line of told) expect(stringWidth(line)).toBeLessThanOrEqual(columns);
    if (columns === 300) expect(lines.filter((line) => /^act_1: gemini.*tokens in.* s$/.test(line))).toHaveLength(1);
    expect(stdout.match(/Ein 日本 😀 Wort\./g)).toHaveLength(2);
  };
  await Promise.all([20, 40, 300].map(shownAt));
});

test('a terminal that tells no width gets no spinner, and everything else', async () => {
  server.replyAlways(text('well', { headersDelayMs: 500 }));
  const { code, stdout } = await terminal(['run', 'one.toml'], { server, cwd: folder(), columns: 0 }).ended;
  expect({ code, frames: framesOf(stdout) }).toEqual({ code: 0, frames: [] });
  expect(stdout).toMatch(/\r?\nwell\r?\n/);
});

test('a terminal that is resized while something is awaited or written gets lines that fit, and the whole reply', async () => {
  const words = Array.from({ length: 40 }, (_, n) => `word${n} `);
  const gate = createGate();
  server.replyAlways(text(words, { gate, delayMs: 20 }));
  const running = terminal(['run', 'one.toml', '--stream'], { server, cwd: folder() });
  const resize = (columns: number) =>
    execFileSync('stty', ['-F', `/proc/${nodeIn(running)}/fd/2`, 'cols', `${columns}`]);
  await running.said('waiting for gemini-flash-lite-latest');
  resize(24);
  await running.said('waiting for g…');
  resize(60);
  gate.open();
  await running.said('word3 ');
  resize(30);
  const { code, stdout } = await running.ended;
  expect(code).toBe(0);
  expect(stdout).toContain(words.join('').trimEnd());
  const narrow = framesOf(stdout).filter((frame) => frame.includes('…'));
  for (const frame of narrow) expect(stringWidth(frame)).toBeLessThan(24);
  expect(leftBehind(stdout)).toEqual([]);
});

test.each([[['--stream']], [[]]])('a megabyte of reply is shown whole, and soon (%j)', async (flags) => {
  const line = `${'lorem 😀 ipsum 日本 '.repeat(50)}\n`;
  const lines = Array.from({ length: 1100 }, (_, n) => `${n} ${line}`);
  server.replyAlways(text(lines));
  const startedAt = performance.now();
  const { code, stdout } = await terminal(['run', 'one.toml', ...flags], { server, cwd: folder() }).ended;
  expect(code).toBe(0);
  const reply = lines.join('').trimEnd();
  expect(Buffer.byteLength(reply)).toBeGreaterThan(1_000_000);
  expect(stdout.replaceAll('\r\n', '\n')).toContain(reply);
  expect(performance.now() - startedAt).toBeLessThan(10_000);
});

test('what is not a terminal gets a line a happening, and no control characters, whatever colours are asked for', async () => {
  server.reply(text('well', { headersDelayMs: 300 }), overloaded());
  const args = ['run', 'two.toml', '--stream', '--rpm', '3'];
  for (const env of [{}, { FORCE_COLOR: '1' }, { TERM: 'xterm-256color', COLORTERM: 'truecolor' }] as Record<
    string,
    string
  >[]) {
    const { code, stdout, stderr } = await boticelli(args, { server, cwd: folder(), env });
    expect(code).toBe(0);
    expect(stdout + stderr).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/);
    expect(stderr).toMatch(/^\[1\/2\] act_1 /);
    expect(stderr.trimEnd().split('\n').length).toBeGreaterThanOrEqual(5);
  }
});

test('a dumb terminal gets neither colours nor a spinner, NO_COLOR a spinner without colours', async () => {
  server.replyAlways(text('well', { headersDelayMs: 400 }));
  const cwd = folder();
  const dumb = await terminal(['run', 'one.toml'], { server, cwd, env: { TERM: 'dumb' } }).ended;
  expect(dumb.stdout).not.toContain('\u001b');
  const plain = await terminal(['run', 'one.toml'], { server, cwd, env: { NO_COLOR: '1' } }).ended;
  expect(framesOf(plain.stdout).length).toBeGreaterThan(0);
  expect(plain.stdout).not.toMatch(/\u001b\[[\d;]*m/);
});
