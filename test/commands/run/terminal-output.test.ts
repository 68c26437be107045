import { stripVTControlCharacters } from 'node:util';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import {
  buildNarrative,
  createTemporaryFolder,
  type RunningProcess,
  startInTerminal,
} from '../../helpers/boticelli.js';
import { createChunk, formatSseEvent, packetReply, textReply } from '../../helpers/gemini/replies.js';
import { type GeminiServer, startGeminiServer } from '../../helpers/gemini/server.js';

let server: GeminiServer;
beforeEach(async () => {
  server = await startGeminiServer();
});
afterEach(() => server.close());

const hideCursor = '\u001b[?25l';
const showCursor = '\u001b[?25h';
const createFolder = () => createTemporaryFolder(onTestFinished, { 'two.toml': buildNarrative(2) });
/** The lines written to the screen, without colours and cursor movements. */
const readLines = (running: RunningProcess) =>
  stripVTControlCharacters(running.stdout()).replaceAll('\r', '').split('\n');

test('prints replies and progress in order, and shows the cursor again at the end', async () => {
  server.setDefaultReply(textReply('Well.', { headersDelayMs: 200 }));
  const running = startInTerminal(['run', 'two.toml'], { server, cwd: createFolder() });
  expect((await running.result).code).toBe(0);
  const screen = running.stdout();
  expect(screen).toContain('\u001b[1m[1/2] act_1\u001b[22m');
  expect(screen).toMatch(/waiting for gemini-flash-lite-latest/);
  expect(screen.lastIndexOf(showCursor)).toBeGreaterThan(screen.lastIndexOf(hideCursor));
  const lines = readLines(running);
  const visibleLines = lines.filter((line) => /^\[|Well\.$|tokens|^$/.test(line));
  expect(visibleLines.join('\n')).toMatch(
    /^\[1\/2\] act_1 .*\n.*Well\.\nact_1: .* 8 tokens in, 1 out .*\n\n\[2\/2\] act_2 .*\n.*Well\.\nact_2: .*\ncompleted: 2 acts.*\n/,
  );
});

test('NO_COLOR removes colours; CI and --quiet remove the spinner', async () => {
  const cwd = createFolder();
  const plain = startInTerminal(['run', 'two.toml'], { server, cwd, env: { NO_COLOR: '1', CI: 'true' } });
  await plain.result;
  expect(plain.stdout()).not.toContain('\u001b');
  const quiet = startInTerminal(['run', 'two.toml', '--quiet'], { server, cwd });
  await quiet.result;
  // Two replies, the blank line between them, and the empty text after the last line break.
  expect(readLines(quiet)).toHaveLength(4);
  expect(quiet.stdout()).not.toContain(hideCursor);
});

test('marks an interrupted attempt as discarded, and starts the reply again below it', async () => {
  server.queueReplies(packetReply(formatSseEvent(createChunk('half of a'))), textReply('whole'));
  const running = startInTerminal(['run', 'two.toml', '--stream'], { server, cwd: createFolder() });
  expect((await running.result).code).toBe(0);
  const screen = readLines(running).join('\n');
  expect(screen).toMatch(
    /half of a\nact_1: attempt 1 failed.*\n(.*\n)?act_1: the text above is discarded.*\n[\s\S]*\nwhole\n/,
  );
});

test("a reply can't control the terminal", async () => {
  server.setDefaultReply(textReply('a\u001b]0;title\u0007\u001b[2Jb'));
  const running = startInTerminal(['run', 'two.toml', '--stream'], {
    server,
    cwd: createFolder(),
    env: { NO_COLOR: '1', CI: '1' },
  });
  await running.result;
  expect(running.stdout()).toContain('a␛]0;title␇␛[2Jb');
});

test('Ctrl-C closes the connection within 1 s, reports the interruption and shows the cursor', async () => {
  for (const reply of [textReply(['so', ' far'], { end: 'stall' }), { end: 'stall-before-headers' as const }]) {
    const calls = server.requests.length;
    server.queueReplies(reply);
    const running = startInTerminal(['run', 'two.toml', '--stream'], { server, cwd: createFolder() });
    const request = await server.waitForRequests(calls + 1);
    await running.waitForOutput('end' in reply && reply.end === 'stall' ? 'so far' : 'waiting');
    const typedAt = Date.now();
    running.child.stdin?.write('\u0003');
    const { code } = await running.result;
    expect(code).toBe(130);
    expect((await request.whenClosedEarly) - typedAt).toBeLessThan(1000);
    const screen = running.stdout();
    expect(screen).toContain('act_1: interrupted by SIGINT');
    expect(screen.lastIndexOf(showCursor)).toBeGreaterThanOrEqual(screen.lastIndexOf(hideCursor));
  }
});

test.each([{ flags: [] }, { flags: ['--stream'] }])(
  'prints thoughts dimmed, and before their reply ($flags)',
  async ({ flags }) => {
    server.setDefaultReply(textReply(['Well', '.\n', 'Done'], { thoughts: ['**Plan**\n\nGreet ', 'them.'] }));
    const cwd = createTemporaryFolder(onTestFinished, { 'one.toml': buildNarrative(1) });
    const running = startInTerminal(['run', 'one.toml', '--thoughts', ...flags], {
      server,
      cwd,
      env: { CI: 'true', FORCE_COLOR: '1' },
    });
    expect((await running.result).code).toBe(0);
    expect(running.stdout()).toContain('\u001b[2mGreet them.\u001b[22m');
    expect(readLines(running).slice(1, 6)).toEqual(['**Plan**', '', 'Greet them.', 'Well.', 'Done']);
  },
);
