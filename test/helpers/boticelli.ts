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
export interface ProcessResult {
  stdout: string;
  stderr: string;
  /** The exit code, or null where a signal killed the process. */
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** A running boticelli. */
export interface RunningProcess {
  child: ChildProcess;
  /** What standard output has carried so far. */
  stdout(): string;
  stderr(): string;
  /** Resolves as soon as standard output (or the one named) contains the text. */
  waitForOutput(text: string, stream?: 'stdout' | 'stderr'): Promise<void>;
  result: Promise<ProcessResult>;
}

export interface ProcessOptions {
  /** Where requests go; with it comes the key `canary-key`, unless `env` has another. */
  server?: GeminiServer;
  env?: Record<string, string>;
  input?: string;
  cwd?: string;
  /** Whether more may be typed after `input`. */
  keepInputOpen?: boolean;
  /** Whom the process runs as. */
  uid?: number;
  /** How wide a terminal is. Default 80. */
  columns?: number;
}

/** A key that can be searched for in everything that was said. */
export const canaryKey = 'AIzaCanary-0123456789-never-to-be-seen';

/** Where the runs of this worker keep their state: a folder a run, unless a test names one for several. */
const stateRoot = mkdtempSync(join(tmpdir(), 'boticelli-states-'));
process.on('exit', () => rmSync(stateRoot, { recursive: true, force: true }));

function createEnvironment({ server, env }: ProcessOptions): Record<string, string> {
  return {
    PATH: process.env.PATH ?? '',
    HOME: join(tmpdir(), 'boticelli-empty-home'),
    BOTICELLI_STATE_DIR: mkdtempSync(join(stateRoot, 'state-')),
    ...(server && { GEMINI_API_KEY: canaryKey, GOOGLE_GEMINI_BASE_URL: server.url }),
    ...env,
  };
}

/** Starts the real bin. */
export function startBoticelli(args: string[], options: ProcessOptions = {}): RunningProcess {
  return spawnProcess(process.execPath, [bin, ...args], options);
}

/** Starts a shell with `boticelli` as a function in it; the script sees real pipes, as a person's does. */
export function startShell(script: string, options: ProcessOptions = {}): RunningProcess {
  const prelude = `boticelli() { "${process.execPath}" "${bin}" "$@"; }\n`;
  return spawnProcess('bash', ['-c', prelude + script], options);
}

/** Starts the real bin on a terminal of its own; what is on both its streams comes as `stdout`. */
export function startInTerminal(args: string[], options: ProcessOptions = {}): RunningProcess {
  const command = [`stty cols ${options.columns ?? 80};`, 'exec', process.execPath, bin, ...args].join(' ');
  return spawnProcess('script', ['--quiet', '--return', '--flush', '--command', command, '/dev/null'], {
    keepInputOpen: true,
    ...options,
    env: { TERM: 'xterm-256color', SHELL: '/bin/sh', ...options.env },
  });
}

/** Runs the real bin to its end. */
export function runBoticelli(args: string[], options: ProcessOptions = {}): Promise<ProcessResult> {
  return startBoticelli(args, options).result;
}

function spawnProcess(command: string, args: string[], options: ProcessOptions): RunningProcess {
  const { cwd = root, input = '', keepInputOpen = false, uid } = options;
  const child = spawn(command, args, {
    cwd,
    env: createEnvironment(options),
    stdio: 'pipe',
    ...(uid !== undefined && { uid }),
  });
  const output = { stdout: '', stderr: '' };
  const listeners = new Set<() => void>();
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      output[stream] += text;
      for (const listener of listeners) listener();
    });
  }
  // A process may end without reading what it is given.
  child.stdin.on('error', () => {}).write(input);
  if (!keepInputOpen) child.stdin.end();
  return {
    child,
    stdout: () => output.stdout,
    stderr: () => output.stderr,
    waitForOutput: (text, stream = 'stdout') =>
      new Promise((resolve) => {
        const check = () => {
          if (!output[stream].includes(text)) return;
          listeners.delete(check);
          resolve();
        };
        listeners.add(check);
        check();
      }),
    result: new Promise((resolve) => child.on('close', (code, signal) => resolve({ ...output, code, signal }))),
  };
}

/** A folder that goes away with the test. */
export function createTemporaryFolder(
  onCleanup: (clean: () => void) => void,
  files: Record<string, string> = {},
): string {
  const folder = mkdtempSync(join(tmpdir(), 'boticelli-test-'));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  onCleanup(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A narrative of so many acts, `act_1` and on, each asking `Question n`. */
export function buildNarrative(acts: number, head = ''): string {
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
