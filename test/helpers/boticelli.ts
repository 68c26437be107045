import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { GeminiServer } from './gemini-server.js';

/** The repository's root, with a slash at its end. */
export const root = fileURLToPath(new URL('../../', import.meta.url));
/** What a shell starts. */
export const bin = join(root, 'bin/boticelli.js');

/** How a process ended, and all that it said. */
export interface Ended {
  stdout: string;
  stderr: string;
  /** The exit code, or null where a signal killed the process. */
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** A running boticelli. */
export interface Running {
  child: ChildProcess;
  /** What standard output has carried so far. */
  stdout(): string;
  stderr(): string;
  /** Resolves as soon as standard output (or the one named) contains the text. */
  said(text: string, stream?: 'stdout' | 'stderr'): Promise<void>;
  ended: Promise<Ended>;
}

export interface Surroundings {
  /** Where requests go; with it comes the key `canary-key`, unless `env` has another. */
  server?: GeminiServer;
  env?: Record<string, string>;
  input?: string;
  cwd?: string;
  /** Whether more may be typed after `input`. */
  keepsInputOpen?: boolean;
  /** Whom the process runs as. */
  uid?: number;
  /** How wide a terminal is. Default 80. */
  columns?: number;
}

/** A key that can be searched for in everything that was said. */
export const canaryKey = 'AIzaCanary-0123456789-never-to-be-seen';

/** Where the runs of this worker keep their state: a folder a run, unless a test names one for several. */
const states = mkdtempSync(join(tmpdir(), 'boticelli-states-'));
process.on('exit', () => rmSync(states, { recursive: true, force: true }));

function environment({ server, env }: Surroundings): Record<string, string> {
  return {
    PATH: process.env.PATH ?? '',
    HOME: join(tmpdir(), 'boticelli-empty-home'),
    BOTICELLI_STATE_DIR: mkdtempSync(join(states, 'state-')),
    ...(server && { GEMINI_API_KEY: canaryKey, GOOGLE_GEMINI_BASE_URL: server.url }),
    ...env,
  };
}

/** Starts the real bin. */
export function start(args: string[], surroundings: Surroundings = {}): Running {
  return watch(process.execPath, [bin, ...args], surroundings);
}

/** Starts a shell with `boticelli` as a function in it; the script sees real pipes, as a person's does. */
export function shell(script: string, surroundings: Surroundings = {}): Running {
  const prelude = `boticelli() { "${process.execPath}" "${bin}" "$@"; }\n`;
  return watch('bash', ['-c', prelude + script], surroundings);
}

/** Starts the real bin on a terminal of its own; what is on both its streams comes as `stdout`. */
export function terminal(args: string[], surroundings: Surroundings = {}): Running {
  const command = [`stty cols ${surroundings.columns ?? 80};`, 'exec', process.execPath, bin, ...args].join(' ');
  return watch('script', ['--quiet', '--return', '--flush', '--command', command, '/dev/null'], {
    keepsInputOpen: true,
    ...surroundings,
    env: { TERM: 'xterm-256color', SHELL: '/bin/sh', ...surroundings.env },
  });
}

/** Runs the real bin to its end. */
export function boticelli(args: string[], surroundings: Surroundings = {}): Promise<Ended> {
  return start(args, surroundings).ended;
}

function watch(command: string, args: string[], surroundings: Surroundings): Running {
  const { cwd = root, input = '', keepsInputOpen = false, uid } = surroundings;
  const child = spawn(command, args, {
    cwd,
    env: environment(surroundings),
    stdio: 'pipe',
    ...(uid !== undefined && { uid }),
  });
  const heard = { stdout: '', stderr: '' };
  const listeners = new Set<() => void>();
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      heard[name] += text;
      for (const listener of listeners) listener();
    });
  }
  // A process may end without reading what it is given.
  child.stdin.on('error', () => {}).write(input);
  if (!keepsInputOpen) child.stdin.end();
  return {
    child,
    stdout: () => heard.stdout,
    stderr: () => heard.stderr,
    said: (text, stream = 'stdout') =>
      new Promise((resolve) => {
        const listener = () => {
          if (!heard[stream].includes(text)) return;
          listeners.delete(listener);
          resolve();
        };
        listeners.add(listener);
        listener();
      }),
    ended: new Promise((resolve) => child.on('close', (code, signal) => resolve({ ...heard, code, signal }))),
  };
}

/** A folder that goes away with the test. */
export function temporaryFolder(onEnd: (clean: () => void) => void, files: Record<string, string> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'boticelli-test-'));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  onEnd(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A narrative of so many acts, `act_1` and on, each asking `Question n`. */
export function narrativeOf(acts: number, head = ''): string {
  const names = Array.from({ length: acts }, (_, index) => `act_${index + 1}`);
  return [
    '[narrative]',
    'name = "test"',
    head,
    '[toc]',
    `order = ${JSON.stringify(names)}`,
    '[acts]',
    ...names.map((name, index) => `${name} = "Question ${index + 1}"`),
  ].join('\n');
}
