import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import {
  bin,
  buildNarrative,
  canaryKey,
  createTemporaryFolder,
  runBoticelli,
  startBoticelli,
  startInTerminal,
  startShell,
} from '../../helpers/boticelli.js';
import { textReply } from '../../helpers/gemini/replies.js';
import { type GeminiServer, startGeminiServer } from '../../helpers/gemini/server.js';
import { createQuotaFixture } from '../quota-fixture.js';

let server: GeminiServer;
beforeEach(async () => {
  server = await startGeminiServer();
});
afterEach(() => server.close());

const createFolder = () =>
  createTemporaryFolder(onTestFinished, {
    'one.toml': buildNarrative(1),
    'four.toml': buildNarrative(4),
    'many.toml': buildNarrative(30),
  });

const noStack = expect.not.stringMatching(/^ +at /m);

/** Resolves as soon as the process has exited. */
async function waitForExit(pid: number): Promise<void> {
  while (existsSync(`/proc/${pid}`)) await sleep(5);
}

describe('a signal:', () => {
  test.each(['SIGTERM', 'SIGHUP'] as const)(
    '%s while the run waits for a reply closes the connection and kills the process',
    async (name) => {
      server.setDefaultReply({ end: 'stall-before-headers' });
      const running = startBoticelli(['run', 'four.toml'], { server, cwd: createFolder() });
      const request = await server.waitForRequests(1);
      const sentAt = Date.now();
      running.child.kill(name);
      expect(await running.result).toEqual({ stdout: '', stderr: noStack, code: null, signal: name });
      expect((await request.whenClosedEarly) - sentAt).toBeLessThan(1000);
    },
  );

  test('SIGTERM during a wait for quota ends the process at once and frees the reservation', async () => {
    const fixture = await createQuotaFixture(onTestFinished, { settings: { rpm: 1 } });
    const running = fixture.start(['four.toml']);
    await running.waitForOutput('waiting', 'stderr');
    const sentAt = Date.now();
    running.child.kill('SIGTERM');
    const ended = await running.result;
    expect(ended).toMatchObject({
      stdout: expect.stringMatching(/^Reply 1 .*\n$/),
      signal: 'SIGTERM',
      stderr: noStack,
    });
    expect(Date.now() - sentAt).toBeLessThan(1000);
    const env = { BOTICELLI_STATE_DIR: fixture.state };
    const limits = await runBoticelli(['limits', '--format', 'json'], {
      server: fixture.server,
      cwd: fixture.folder,
      env,
    });
    const [model] = JSON.parse(limits.stdout).models;
    expect(model.minute.requests).toEqual({ used: 1, booked: 0 });
  });

  test('Ctrl-C ends the wait for a narrative from standard input', async () => {
    for (const args of [
      ['run', '-'],
      ['check', '-'],
    ]) {
      const running = startBoticelli(args, { cwd: createFolder(), keepInputOpen: true });
      // The program prints nothing while it reads, so only its signal handlers show that it has started.
      while (!handlesSignals(running.child)) await sleep(5);
      running.child.kill('SIGINT');
      expect(await running.result).toMatchObject({ stdout: '', code: null, signal: 'SIGINT', stderr: noStack });
    }
  });
});

/**
 * Whether the program has installed its signal handlers. Reads the mask of handled signals in /proc (Linux). The lowest
 * bit stands for SIGHUP. Node itself installs no handler for SIGHUP, so if this bit is set, the program has done so.
 */
function handlesSignals({ pid }: ChildProcess): boolean {
  const caught = /^SigCgt:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0';
  return (BigInt(`0x${caught}`) & 1n) !== 0n;
}

describe('a run whose standard output nobody reads', () => {
  /**
   * Starts a run that can't write its reply, because the reply is larger than any pipe and nobody reads it. Resolves when
   * the run has received the reply.
   */
  async function startStuckRun() {
    server.setDefaultReply(textReply('x'.repeat(3_000_000)));
    const child = spawn(process.execPath, [bin, 'run', 'one.toml', '--no-rate-limit'], {
      cwd: createFolder(),
      env: {
        PATH: process.env.PATH,
        HOME: createFolder(),
        GEMINI_API_KEY: canaryKey,
        GOOGLE_GEMINI_BASE_URL: server.url,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    const ended = new Promise<{ signal: string | null; at: number }>((resolve) => {
      child.on('exit', (_code, signal) => resolve({ signal, at: Date.now() }));
    });
    await new Promise<void>((resolve) => {
      child.stderr.setEncoding('utf8').on('data', (text: string) => text.includes('act_1: gemini') && resolve());
    });
    return { child, ended };
  }

  test('ends at once on a second Ctrl-C', async () => {
    const { child, ended } = await startStuckRun();
    const firstAt = Date.now();
    // Two signals of one kind may arrive as one, so the signal is sent again until the process ends.
    const timer = setInterval(() => child.kill('SIGINT'), 30);
    child.kill('SIGINT');
    const { signal, at } = await ended;
    clearInterval(timer);
    expect(signal).toBe('SIGINT');
    expect(at - firstAt).toBeLessThan(2000);
  });

  test('ends after the grace period of 3 seconds if it receives a single SIGTERM', async () => {
    const { child, ended } = await startStuckRun();
    const sentAt = Date.now();
    child.kill('SIGTERM');
    const { signal, at } = await ended;
    expect(signal).toBe('SIGTERM');
    // The bounds are wide, because a busy machine delays signals and timers.
    expect(at - sentAt).toBeGreaterThan(1000);
    expect(at - sentAt).toBeLessThan(6000);
  });
});

describe('a standard stream that is a pipe, that is closed, or that leads to a full disk:', () => {
  test.each(['--stream', '--output ndjson', '--output text'])(
    'run %s | head -1 ends quietly with 141, before the last act',
    async (flags) => {
      const script = `set -o pipefail; boticelli run many.toml --no-rate-limit ${flags} | head -1; echo "code $?"`;
      const { stdout, stderr } = await startShell(script, { server, cwd: createFolder() }).result;
      expect(stdout).toMatch(/^.+\ncode 141\n$/);
      expect(stderr).not.toMatch(/boticelli:|^ +at /m);
      expect(server.generateRequests.length).toBeLessThan(30);
    },
  );

  test('a closed standard output counts as /dev/null, and no file takes its descriptor', async () => {
    const state = createTemporaryFolder(onTestFinished);
    const script = 'boticelli run four.toml >&- ; echo "code $?"; boticelli limits';
    const { stdout, stderr } = await startShell(script, {
      server,
      cwd: createFolder(),
      env: { BOTICELLI_STATE_DIR: state },
    }).result;
    expect(stdout).toMatch(/^code 0\n[\s\S]*gemini-flash-lite-latest/);
    expect(stderr).not.toMatch(/warning|^ +at /m);
    // If the database had got the free descriptor 1, the replies would have been written into it.
    expect(readFileSync(join(state, 'boticelli.db')).subarray(0, 15).toString()).toBe('SQLite format 3');
  });

  test.each(['--stream', '-o ndjson'])(
    'run %s exits with 74 and reports the full disk behind standard output',
    async (flags) => {
      const script = `boticelli run four.toml ${flags} > /dev/full; echo "code $?"`;
      const { stdout, stderr } = await startShell(script, { server, cwd: createFolder() }).result;
      expect(stdout).toBe('code 74\n');
      expect(stderr).toMatch(/^boticelli: .*can't write to standard output: the disk is full$/m);
      expect(stderr).toEqual(noStack);
    },
  );

  test.each(['<&- 2>&-', '2>/dev/full'])(
    'the redirection %s neither stops a run nor changes an exit code',
    async (redirections) => {
      const script = [
        `boticelli run four.toml --last ${redirections}; echo "code $?"`,
        `boticelli run missing.toml ${redirections}; echo "code $?"`,
        `boticelli run four.toml --strem ${redirections}; echo "code $?"`,
      ].join('\n');
      const { stdout, stderr } = await startShell(script, { server, cwd: createFolder() }).result;
      expect(stdout).toMatch(/^Reply 4 .*\ncode 0\ncode 66\ncode 2\n$/);
      expect(stderr).toEqual(noStack);
    },
  );

  test('a closed standard input is read as an empty narrative, which is an error', async () => {
    const { stdout, stderr } = await startShell('boticelli run - <&- ; echo "code $?"', { server, cwd: createFolder() })
      .result;
    expect(stdout).toBe('code 65\n');
    expect(stderr).toContain('<stdin>: error');
    expect(stderr).toEqual(noStack);
  });
});

describe('a terminal that disappears', () => {
  test.each([
    ['while a reply is awaited', { end: 'stall-before-headers' as const }, 'waiting'],
    ['in mid-stream', textReply(['so', ' far'], { end: 'stall' }), 'so far'],
  ])('ends the run %s', async (_, reply, output) => {
    server.setDefaultReply(reply);
    // The terminal is made by the program `script`. Its only child is boticelli, because the helper starts it by `exec`.
    const running = startInTerminal(['run', 'four.toml', '--stream'], { server, cwd: createFolder() });
    const request = await server.waitForRequests(1);
    await running.waitForOutput(output);
    const { pid } = running.child;
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);
    expect(children).toHaveLength(1);
    running.child.kill('SIGKILL');
    await Promise.all([request.whenClosedEarly, ...children.map(waitForExit)]);
    expect(server.requests).toHaveLength(1);
  });
});
