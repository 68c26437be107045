import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { buildNarrative, canaryKey, createTemporaryFolder } from '../helpers/boticelli.js';
import { textReply } from '../helpers/gemini/replies.js';
import { startGeminiServer } from '../helpers/gemini/server.js';
import { runMain } from '../helpers/run-main.js';

/** Ways in which a service can break an exchange, each at a later step than the one before. */
const faults: Record<string, (socket: Socket) => void> = {
  'closes a connection at once': (socket) => void socket.destroy(),
  'closes a connection after the request': (socket) => void socket.once('data', () => socket.destroy()),
  'answers 101': (socket) =>
    void socket.once('data', () => socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n')),
  'closes a connection in the middle of the headers': (socket) =>
    void socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-le')),
  'answers with an empty body': (socket) =>
    void socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n')),
  'closes a connection in the middle of the body': (socket) =>
    void socket.once('data', () =>
      socket.end('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 999\r\n\r\n{"candidates": ['),
    ),
};
const hang = (socket: Socket) => void socket.resume();

/** Starts a service that handles each connection with `handle`. @returns its port */
async function startService(handle: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}));
    handle(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as { port: number }).port;
}

afterEach(() => vi.unstubAllEnvs());

/** Runs a command in a folder of its own. `.toml` stands for a narrative of one act. */
function runCommand(command: string, baseUrl: string, env: Record<string, string> = {}) {
  const cwd = createTemporaryFolder(onTestFinished, { 'one.toml': buildNarrative(1) });
  // `env-paths`, which finds the folder of the user's settings, reads this variable from `process.env`.
  vi.stubEnv('XDG_CONFIG_HOME', cwd);
  const keys = { GEMINI_API_KEY: canaryKey, GOOGLE_GEMINI_BASE_URL: baseUrl };
  const args = command.split(' ').map((arg) => (arg === '.toml' ? join(cwd, 'one.toml') : arg));
  return runMain(args, { cwd, env: { HOME: cwd, BOTICELLI_STATE_DIR: join(cwd, 'state'), ...keys, ...env } });
}

const commands = [
  'run .toml --retries 0',
  'run .toml --retries 0 --stream',
  'run .toml --retries 0 --model gemini-3.8-live',
  'models --refresh',
  'limits probe --model gemini-3.8-flash --requests 1 --yes',
];

describe.each(Object.entries(faults))('a service that %s', (_, handle) => {
  test.each(commands)('makes the command end with an error: %s', async (command) => {
    const port = await startService(handle);
    const { code, stdout, stderr } = await runCommand(command, `http://127.0.0.1:${port}`);
    expect([69, 124]).toContain(code);
    expect(stderr).toMatch(/^boticelli: .+\n {2}\S/m);
    expect(stderr + stdout).not.toMatch(/\bat .*\.[jt]s:\d/);
  });
});

// Only `run` has the flag --timeout, so the other commands are left out.
test.each(commands.slice(0, 3))('a service that never answers makes the command end with 124: %s', async (command) => {
  const port = await startService(hang);
  const { code, stderr } = await runCommand(`${command} --timeout 200ms`, `http://127.0.0.1:${port}`);
  expect(code).toBe(124);
  expect(stderr).toContain('within 0.2 s');
});

test.each([
  ['never answers', hang],
  ['closes every connection', faults['closes a connection at once'] ?? hang],
  ['answers with noise', (socket: Socket) => void socket.on('data', () => socket.write('noise\r\n'))],
])('a Redis that %s causes a warning, but the run gets its reply', async (_, handle) => {
  const gemini = await startGeminiServer({ models: 'any' });
  onTestFinished(() => gemini.close());
  gemini.setDefaultReply(textReply('A reply'));
  const port = await startService(handle);
  const redis = { BOTICELLI_REDIS_URL: `redis://127.0.0.1:${port}` };
  const { code, stdout, stderr } = await runCommand('run .toml', gemini.url, redis);
  expect(stderr).toMatch(/boticelli: warning: .*Redis/);
  expect([code, stdout]).toEqual([0, 'A reply\n']);
});
