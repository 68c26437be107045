import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { buildNarrative, createTemporaryFolder, startBoticelli, startShell } from '../../helpers/boticelli.js';
import { overloadedError } from '../../helpers/gemini/errors.js';
import { textReply } from '../../helpers/gemini/replies.js';
import { type GeminiServer, startGeminiServer } from '../../helpers/gemini/server.js';

let server: GeminiServer;
beforeEach(async () => {
  server = await startGeminiServer();
});
afterEach(() => server.close());

const createFolder = () => createTemporaryFolder(onTestFinished, { 'four.toml': buildNarrative(4) });

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  'on %s in mid-stream, the process prints the text so far, closes the connection and dies of that signal',
  async (name) => {
    server.queueReplies(textReply('whole'), textReply(['so', ' far'], { end: 'stall' }));
    const running = startBoticelli(['run', 'four.toml', '--stream'], { server, cwd: createFolder() });
    await running.waitForOutput('so far');
    const sentAt = Date.now();
    running.child.kill(name);
    const { stdout, stderr, code, signal } = await running.result;
    expect({ stdout, code, signal }).toEqual({ stdout: 'whole\n\nso far\n', code: null, signal: name });
    expect(stderr).not.toContain('    at ');
    expect(server.requests).toHaveLength(2);
    expect((await server.requests[1]!.whenClosedEarly) - sentAt).toBeLessThan(1000);
  },
);

test.each([
  ['before the first byte of a response', { end: 'stall-before-headers' as const }],
  ['in a pause between attempts', { ...overloadedError(), headers: { 'retry-after': '60' } }],
])('Ctrl-C %s ends the run at once', async (_, reply) => {
  server.setDefaultReply(reply);
  const running = startBoticelli(['run', 'four.toml', '-v'], { server, cwd: createFolder() });
  await ('end' in reply ? server.waitForRequests(1) : running.waitForOutput('waiting', 'stderr'));
  const sentAt = Date.now();
  running.child.kill('SIGINT');
  expect(await running.result).toMatchObject({ signal: 'SIGINT', stdout: '' });
  expect(Date.now() - sentAt).toBeLessThan(1000);
  expect(server.requests).toHaveLength(1);
});

test('reports an interrupted run in json and in ndjson', async () => {
  for (const format of ['json', 'ndjson']) {
    const calls = server.requests.length;
    server.queueReplies({ end: 'stall-before-headers' });
    const running = startBoticelli(['run', 'four.toml', '-o', format], { server, cwd: createFolder() });
    await server.waitForRequests(calls + 1);
    running.child.kill('SIGINT');
    const { stdout } = await running.result;
    const last = JSON.parse(format === 'json' ? stdout : (stdout.trimEnd().split('\n').at(-1) ?? ''));
    expect(last).toMatchObject({ status: 'interrupted', error: { code: 'interrupted', act: 'act_1' } });
  }
});

test('Ctrl-C ends a shell loop, because boticelli dies of the signal', async () => {
  server.setDefaultReply({ end: 'stall-before-headers' });
  const script =
    'set -m; (for i in 1 2 3; do boticelli run four.toml; done; echo survived) & echo "group $!"; wait $!; echo "code $?"';
  const running = startShell(script, { server, cwd: createFolder() });
  await running.waitForOutput('\n');
  await server.waitForRequests(1);
  const group = Number(/group (\d+)/.exec(running.stdout())?.[1]);
  // On Ctrl-C, a terminal sends SIGINT to the whole foreground process group, as this line does.
  process.kill(-group, 'SIGINT');
  const { stdout } = await running.result;
  expect(stdout).toContain('code 130');
  expect(stdout).not.toContain('survived');
  expect(server.requests).toHaveLength(1);
});

test('a full disk behind standard output ends the run with 74, before the last act', async () => {
  const { stdout, stderr } = await startShell('boticelli run four.toml > /dev/full; echo "code $?"', {
    server,
    cwd: createFolder(),
  }).result;
  expect(stdout).toBe('code 74\n');
  expect(stderr).toContain("can't write to standard output: the disk is full");
  expect(server.requests.length).toBeLessThan(4);
});

test('a closed standard error does not stop a run', async () => {
  const { stdout } = await startShell('boticelli run four.toml --last 2>&- ; echo "code $?"', {
    server,
    cwd: createFolder(),
  }).result;
  expect(stdout).toMatch(/^Reply 4 .*\ncode 0\n$/);
});

test.each([
  'boticelli --help',
  'boticelli --version',
  'boticelli check four.toml',
  'boticelli run four.toml --rehearse -o json',
])(
  '%s fails with 74 if it writes to a full disk, and ends quietly with 141 if it writes to a closed pipe',
  async (command) => {
    const script = `${command} >/dev/full; echo "code $?"; set -o pipefail; ${command} | (exec <&-; sleep 1); echo "code $?"`;
    const { stdout, stderr } = await startShell(script, { cwd: createFolder() }).result;
    expect(stdout).toBe('code 74\ncode 141\n');
    expect(stderr.match(/^boticelli: .*$/gm)).toEqual([
      expect.stringMatching(/^boticelli: (act_\d: )?can't write to standard output: the disk is full$/),
    ]);
    expect(stderr).not.toContain('    at ');
  },
);
