import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import stringWidth from 'string-width';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import {
  buildNarrative,
  createTemporaryFolder,
  type RunningProcess,
  runBoticelli,
  startInTerminal,
} from '../../helpers/boticelli.js';
import { errorReply, overloadedError } from '../../helpers/gemini/errors.js';
import { createGate, textReply } from '../../helpers/gemini/replies.js';
import { type GeminiServer, startGeminiServer } from '../../helpers/gemini/server.js';

let server: GeminiServer;
beforeEach(async () => {
  server = await startGeminiServer();
});
afterEach(() => server.close());

const settings = '[providers.gemini]\nrate_window_seconds = 3\n';
const createFolder = (head = '') =>
  createTemporaryFolder(onTestFinished, {
    ...{ 'one.toml': buildNarrative(1, head), 'two.toml': buildNarrative(2, head), 'boticelli.toml': settings },
    'crash.cjs': 'process.on("SIGUSR2", () => { throw new Error("a bug"); });',
  });
const [hideCursor, showCursor] = ['\u001b[?25l', '\u001b[?25h'];
/** Every frame of the spinner: its symbol and its text, without colours and cursor movements. */
const splitFrames = (screen: string) =>
  [...screen.matchAll(/(\S)(?:\u001b\[39m)? \u001b\[\?7l([^\r\n]*)\u001b\[\?7h\r/g)].map(
    ([, symbol, text]) => `${symbol} ${text}`,
  );
/** What remains of the spinner's line: the frames since it was last cleared. */
const getRemainingFrames = (screen: string) => splitFrames(screen.slice(Math.max(0, screen.lastIndexOf('\u001b[0K'))));
/** Returns the process id of the program. The command `script`, which provides the terminal, is its parent. */
const findPid = ({ child: { pid } }: RunningProcess) =>
  Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0]);

test('a wait for quota is shown as a countdown, which disappears at its end; the line of the act says how long the act waited', async () => {
  const running = startInTerminal(['run', 'two.toml', '--rpm', '1'], { server, cwd: createFolder() });
  const { code, stdout } = await running.result;
  expect(code).toBe(0);
  const countdown = splitFrames(stdout).flatMap(
    (frame) => /act_2: waiting for quota of \S+: (\d) s$/.exec(frame)?.[1] ?? [],
  );
  // The window of 3 s has a safety margin, so the countdown begins with 4. It may skip a second on a busy machine, but
  // never goes up.
  expect([...new Set(countdown)]).toEqual(['4', '3', '2', '1'].filter((second) => countdown.includes(second)));
  expect(countdown.length).toBeGreaterThan(3);
  expect(stripVTControlCharacters(stdout)).toMatch(/act_2: gemini-\S+ · .* · waited [123]\.\d s · /);
  expect(stripVTControlCharacters(stdout)).not.toMatch(/waiting \d+(\.\d)? s for quota/);
  expect(getRemainingFrames(stdout)).toEqual([]);
});

test.each([
  ['a reply', textReply('well', { headersDelayMs: 500 }), 0],
  ['a failure', { ...errorReply(400, 'no good', []), headersDelayMs: 500 }, 69],
  ['a failure after a retry', overloadedError(), 69],
])('%s removes the spinner and leaves the cursor visible', async (_, reply, exitCode) => {
  server.setDefaultReply(reply);
  const { code, stdout } = await startInTerminal(['run', 'one.toml', '--retries', '1'], { server, cwd: createFolder() })
    .result;
  expect(code).toBe(exitCode);
  expect(splitFrames(stdout).length).toBeGreaterThan(0);
  expect(getRemainingFrames(stdout)).toEqual([]);
  expect(stdout.lastIndexOf(showCursor)).toBeGreaterThan(stdout.lastIndexOf(hideCursor));
});

test('SIGINT, SIGTERM and SIGHUP remove the spinner and leave the cursor visible', async () => {
  server.setDefaultReply({ end: 'stall-before-headers' });
  const checkSignal = async (signal: NodeJS.Signals) => {
    const running = startInTerminal(['run', 'one.toml'], { server, cwd: createFolder() });
    await running.waitForOutput('waiting for');
    process.kill(findPid(running), signal);
    const { stdout } = await running.result;
    expect(stdout).toContain(`interrupted by ${signal}`);
    expect(getRemainingFrames(stdout)).toEqual([]);
    expect(stdout.lastIndexOf(showCursor)).toBeGreaterThan(stdout.lastIndexOf(hideCursor));
  };
  await Promise.all((['SIGINT', 'SIGTERM', 'SIGHUP'] as const).map(checkSignal));
});

test('a crash prints its stack, leaves no spinner behind, and shows the cursor', async () => {
  server.setDefaultReply({ end: 'stall-before-headers' });
  const cwd = createFolder();
  const env = { NODE_OPTIONS: `--require ${join(cwd, 'crash.cjs')}` };
  const running = startInTerminal(['run', 'one.toml'], { server, cwd, env });
  await running.waitForOutput('waiting for');
  process.kill(findPid(running), 'SIGUSR2');
  const { stdout } = await running.result;
  expect(stdout).toMatch(/Error: a bug\r?\n +at /);
  expect(splitFrames(stdout.slice(stdout.indexOf(showCursor)))).toEqual([]);
  expect(stdout.lastIndexOf(showCursor)).toBeGreaterThan(stdout.lastIndexOf(hideCursor));
});

test('at 20, 40 and 300 columns, the spinner and the lines about acts fit the width, and replies are printed unchanged', async () => {
  server.setDefaultReply(textReply('One 日本 😀 word.', { headersDelayMs: 700 }));
  const checkWidth = async (columns: number) => {
    const { code, stdout } = await startInTerminal(['run', 'two.toml'], { server, cwd: createFolder(), columns })
      .result;
    expect(code).toBe(0);
    const frames = splitFrames(stdout);
    expect(frames.length).toBeGreaterThan(3);
    for (const frame of frames) expect(stringWidth(frame)).toBeLessThan(columns);
    const lines = stripVTControlCharacters(stdout).split(/\r?\n|\r/);
    // Frames of the spinner begin with a symbol and a space. They are not lines about acts.
    const actLines = lines.filter((line) => /tokens|·/.test(line) && !/^\S? /.test(line));
    for (const line of actLines) expect(stringWidth(line)).toBeLessThanOrEqual(columns);
    if (columns === 300) expect(lines.filter((line) => /^act_1: gemini.*tokens in.* s$/.test(line))).toHaveLength(1);
    expect(stdout.match(/One 日本 😀 word\./g)).toHaveLength(2);
  };
  await Promise.all([20, 40, 300].map(checkWidth));
});

test('a terminal without a width gets everything but a spinner', async () => {
  server.setDefaultReply(textReply('well', { headersDelayMs: 500 }));
  const { code, stdout } = await startInTerminal(['run', 'one.toml'], { server, cwd: createFolder(), columns: 0 })
    .result;
  expect({ code, frames: splitFrames(stdout) }).toEqual({ code: 0, frames: [] });
  expect(stdout).toMatch(/\r?\nwell\r?\n/);
});

test('after a terminal is resized, the spinner fits its width, and the whole reply is printed', async () => {
  const words = Array.from({ length: 40 }, (_, n) => `word${n} `);
  const gate = createGate();
  server.setDefaultReply(textReply(words, { gate, delayMs: 20 }));
  const running = startInTerminal(['run', 'one.toml', '--stream'], { server, cwd: createFolder() });
  const resize = (columns: number) =>
    execFileSync('stty', ['-F', `/proc/${findPid(running)}/fd/2`, 'cols', `${columns}`]);
  await running.waitForOutput('waiting for gemini-flash-lite-latest');
  resize(24);
  await running.waitForOutput('waiting for g…');
  resize(60);
  gate.releaseAll();
  await running.waitForOutput('word3 ');
  resize(30);
  const { code, stdout } = await running.result;
  expect(code).toBe(0);
  expect(stdout).toContain(words.join('').trimEnd());
  // The text of the spinner is cut only at 24 columns. It fits at 60, and at 30 the reply has replaced the spinner.
  const narrow = splitFrames(stdout).filter((frame) => frame.includes('…'));
  for (const frame of narrow) expect(stringWidth(frame)).toBeLessThan(24);
  expect(getRemainingFrames(stdout)).toEqual([]);
});

test.each([[['--stream']], [[]]])('a reply of 1 MB is shown completely within 10 s (%j)', async (flags) => {
  const line = `${'lorem 😀 ipsum 日本 '.repeat(50)}\n`;
  const lines = Array.from({ length: 1100 }, (_, n) => `${n} ${line}`);
  server.setDefaultReply(textReply(lines));
  const startedAt = performance.now();
  const { code, stdout } = await startInTerminal(['run', 'one.toml', ...flags], { server, cwd: createFolder() }).result;
  expect(code).toBe(0);
  const reply = lines.join('').trimEnd();
  expect(Buffer.byteLength(reply)).toBeGreaterThan(1_000_000);
  expect(stdout.replaceAll('\r\n', '\n')).toContain(reply);
  expect(performance.now() - startedAt).toBeLessThan(10_000);
});

test('without a terminal each event is a line without control characters, even if colours are requested', async () => {
  server.queueReplies(textReply('well', { headersDelayMs: 300 }), overloadedError());
  const args = ['run', 'two.toml', '--stream', '--rpm', '3'];
  for (const env of [{}, { FORCE_COLOR: '1' }, { TERM: 'xterm-256color', COLORTERM: 'truecolor' }] as Record<
    string,
    string
  >[]) {
    const { code, stdout, stderr } = await runBoticelli(args, { server, cwd: createFolder(), env });
    expect(code).toBe(0);
    expect(stdout + stderr).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/);
    expect(stderr).toMatch(/^\[1\/2\] act_1 /);
    expect(stderr.trimEnd().split('\n').length).toBeGreaterThanOrEqual(5);
  }
});

test('a dumb terminal gets neither colours nor a spinner; with NO_COLOR, there is a spinner without colours', async () => {
  server.setDefaultReply(textReply('well', { headersDelayMs: 400 }));
  const cwd = createFolder();
  const dumb = await startInTerminal(['run', 'one.toml'], { server, cwd, env: { TERM: 'dumb' } }).result;
  expect(dumb.stdout).not.toContain('\u001b');
  const plain = await startInTerminal(['run', 'one.toml'], { server, cwd, env: { NO_COLOR: '1' } }).result;
  expect(splitFrames(plain.stdout).length).toBeGreaterThan(0);
  expect(plain.stdout).not.toMatch(/\u001b\[[\d;]*m/);
});
