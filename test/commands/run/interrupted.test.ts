import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { narrativeOf, shell, start, temporaryFolder } from '../../helpers/boticelli.js';
import { overloaded } from '../../helpers/gemini-errors.js';
import { text } from '../../helpers/gemini-replies.js';
import { type GeminiServer, startGeminiServer } from '../../helpers/gemini-server.js';

let server: GeminiServer;
beforeEach(async () => {
  server = await startGeminiServer();
});
afterEach(() => server.close());

const folder = () => temporaryFolder(onTestFinished, { 'four.toml': narrativeOf(4) });

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  '%s in mid-stream closes the connection, keeps the replies so far and kills the process by that signal',
  async (name) => {
    server.reply(text('whole'), text(['so', ' far'], { end: 'stall' }));
    const running = start(['run', 'four.toml', '--stream'], { server, cwd: folder() });
    await running.said('so far');
    const sentAt = Date.now();
    running.child.kill(name);
    const { stdout, stderr, code, signal } = await running.ended;
    expect({ stdout, code, signal }).toEqual({ stdout: 'whole\n\nso far\n', code: null, signal: name });
    expect(stderr).not.toContain('    at ');
    expect(server.requests).toHaveLength(2);
    expect((await server.requests[1]!.closedEarly) - sentAt).toBeLessThan(100);
  },
);

test.each([
  ['before the first byte of an answer', { end: 'stall-before-headers' as const }],
  ['in a pause between attempts', { ...overloaded(), headers: { 'retry-after': '60' } }],
])('Ctrl-C %s ends the run at once', async (_, script) => {
  server.replyAlways(script);
  const running = start(['run', 'four.toml', '-v'], { server, cwd: folder() });
  const underWay = 'end' in script ? server.received(1) : running.said('waiting', 'stderr');
  await underWay;
  const sentAt = Date.now();
  running.child.kill('SIGINT');
  expect(await running.ended).toMatchObject({ signal: 'SIGINT', stdout: '' });
  expect(Date.now() - sentAt).toBeLessThan(1000);
  expect(server.requests).toHaveLength(1);
});

test('an interrupted run tells so in json and in ndjson', async () => {
  for (const format of ['json', 'ndjson']) {
    const calls = server.requests.length;
    server.reply({ end: 'stall-before-headers' });
    const running = start(['run', 'four.toml', '-o', format], { server, cwd: folder() });
    await server.received(calls + 1);
    running.child.kill('SIGINT');
    const { stdout } = await running.ended;
    const last = JSON.parse(format === 'json' ? stdout : (stdout.trimEnd().split('\n').at(-1) ?? ''));
    expect(last).toMatchObject({ status: 'interrupted', error: { code: 'interrupted', act: 'act_1' } });
  }
});

test('Ctrl-C ends a shell loop, for the process dies of the signal itself', async () => {
  server.replyAlways({ end: 'stall-before-headers' });
  // A terminal sends Ctrl-C to the whole foreground group: so does this, from outside.
  const script =
    'set -m; (for i in 1 2 3; do boticelli run four.toml; done; echo survived) & echo "group $!"; wait $!; echo "code $?"';
  const running = shell(script, { server, cwd: folder() });
  await running.said('\n');
  await server.received(1);
  const group = Number(/group (\d+)/.exec(running.stdout())?.[1]);
  process.kill(-group, 'SIGINT');
  const { stdout } = await running.ended;
  expect(stdout).toContain('code 130');
  expect(stdout).not.toContain('survived');
  expect(server.requests).toHaveLength(1);
});

test('a full disk behind standard output is a failure, not a success', async () => {
  const { stdout, stderr } = await shell('boticelli run four.toml > /dev/full; echo "code $?"', {
    server,
    cwd: folder(),
  }).ended;
  expect(stdout).toBe('code 74\n');
  expect(stderr).toContain("can't write to standard output: the disk is full");
  expect(server.requests.length).toBeLessThan(4);
});

test('a closed standard error is no reason to stop', async () => {
  const { stdout } = await shell('boticelli run four.toml --last 2>&- ; echo "code $?"', { server, cwd: folder() })
    .ended;
  expect(stdout).toMatch(/^Reply 4 .*\ncode 0\n$/);
});

test.each([
  'boticelli --help',
  'boticelli --version',
  'boticelli check four.toml',
  'boticelli run four.toml --rehearse -o json',
])('%s to a full disk fails, and to a closed pipe ends without a word', async (command) => {
  const script = `${command} >/dev/full; echo "code $?"; set -o pipefail; ${command} | (exec <&-; sleep 1); echo "code $?"`;
  const { stdout, stderr } = await shell(script, { cwd: folder() }).ended;
  expect(stdout).toBe('code 74\ncode 141\n');
  expect(stderr.match(/^boticelli: .*$/gm)).toEqual([
    expect.stringMatching(/^boticelli: (act_\d: )?can't write to standard output: the disk is full$/),
  ]);
  expect(stderr).not.toContain('    at ');
});
