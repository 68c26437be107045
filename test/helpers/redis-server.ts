import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Why tests that need a Redis are left out; absent where there is one. Where `CI` is set they are not left out: they fail,
 * and `.ci/run` installs one.
 */
export const redisSkipReason: string | undefined =
  spawnSync('redis-server', ['--version']).status === 0 || process.env.CI
    ? undefined
    : 'no redis-server is installed here (Debian: apt-get install redis-server)';

/** A redis-server on loopback that keeps nothing on disk. */
export interface RedisServer {
  port: number;
  url: string;
  child: ChildProcess;
  /** Ends it at once, as a crash does. */
  kill(): Promise<void>;
  /** Lets it stand still, as a machine that swaps does, until it is woken. */
  pause(): void;
  resume(): void;
}

export interface RedisServerOptions {
  /** The port of one that ended before; else a free one. */
  port?: number;
  /** Further arguments: `--requirepass secret`, say. */
  args?: readonly string[];
  /** What runs it: `faketime -f +1h`, say. */
  wrapper?: readonly string[];
}

/** Starts a redis-server that goes away with the test, or whatever `onEnd` belongs to. */
export async function startRedisServer(
  onCleanup: (clean: () => void | Promise<void>) => void,
  { port: requestedPort, args = [], wrapper = [] }: RedisServerOptions = {},
): Promise<RedisServer> {
  const port = requestedPort ?? (await findFreePort());
  const folder = mkdtempSync(join(tmpdir(), 'boticelli-redis-'));
  const [command = 'redis-server', ...wrapperArgs] = [...wrapper, 'redis-server'];
  const baseArgs = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'no'];
  const child = spawn(command, [...wrapperArgs, ...baseArgs, ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
  const exited = new Promise((resolve) => child.on('close', resolve));
  const spawnFailed = new Promise<never>((_, reject) => child.on('error', reject));
  const kill = async () => {
    child.kill('SIGCONT');
    child.kill('SIGKILL');
    await exited;
    rmSync(folder, { recursive: true, force: true });
  };
  onCleanup(kill);
  // Where port 0 is asked for it listens for TLS alone, on another one.
  const [, tlsPort = port] = /--tls-port (\d+)/.exec(args.join(' ')) ?? [];
  await Promise.race([spawnFailed, waitUntilAccepting(child, Number(tlsPort))]);
  return {
    ...{ port, url: `redis://127.0.0.1:${port}`, child, kill },
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
  };
}

/** A port that nobody listens on. */
export async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address ? address.port : 0;
}

/** Resolves when the server takes connections. */
async function waitUntilAccepting(child: ChildProcess, port: number): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`redis-server ended with ${child.exitCode}`);
    const socket = connect(port, '127.0.0.1');
    const isAccepting = await new Promise<boolean>((resolve) => {
      socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
    });
    socket.destroy();
    if (isAccepting) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
