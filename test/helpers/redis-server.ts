import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Why tests that need Redis are skipped; undefined if redis-server is installed. With `CI` set they are not skipped but
 * fail, because `.ci/run` installs Redis.
 */
export const redisSkipReason: string | undefined =
  spawnSync('redis-server', ['--version']).status === 0 || process.env.CI
    ? undefined
    : 'redis-server is not installed (Debian: apt-get install redis-server)';

/** A redis-server on loopback that writes nothing to disk. */
export interface RedisServer {
  port: number;
  url: string;
  child: ChildProcess;
  /** Ends the server immediately, like a crash. */
  kill(): Promise<void>;
  /** Stops the process until `resume`, like a machine that swaps. */
  pause(): void;
  resume(): void;
}

export interface RedisServerOptions {
  /** The port; by default a free one. */
  port?: number;
  /** Further arguments, for example `--requirepass secret`. */
  args?: readonly string[];
  /** A command that runs redis-server, for example `faketime -f +1h`. */
  wrapper?: readonly string[];
}

/** Starts a redis-server, and passes a function that kills it to `onCleanup`. */
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
  // With `--port 0`, redis-server listens only on the TLS port.
  const [, tlsPort = port] = /--tls-port (\d+)/.exec(args.join(' ')) ?? [];
  await Promise.race([spawnFailed, waitUntilAccepting(child, Number(tlsPort))]);
  return {
    ...{ port, url: `redis://127.0.0.1:${port}`, child, kill },
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
  };
}

/** Finds a port on which nothing listens. */
export async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address ? address.port : 0;
}

/** Resolves when the server accepts connections. */
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
