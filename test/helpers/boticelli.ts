import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createCondition } from './condition.js';
import type { GeminiServer } from './gemini/server.js';

/** The root folder of the repository, with a trailing slash. */
export const root = fileURLToPath(new URL('../../', import.meta.url));
/** The path of the program. */
export const bin = join(root, 'bin/boticelli.js');

/** The output and the exit status of a process. */
export interface ProcessResult {
  stdout: string;
  stderr: string;
  /** The exit code, or null if a signal ended the process. */
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** A running process. */
export interface RunningProcess {
  child: ChildProcess;
  /** The standard output so far. */
  stdout(): string;
  stderr(): string;
  /** Resolves when standard output (or the named stream) contains the text. */
  waitForOutput(text: string, stream?: 'stdout' | 'stderr'): Promise<void>;
  result: Promise<ProcessResult>;
}

export interface ProcessOptions {
  /** The server to which the program sends its requests. Also sets `canaryKey` as the API key, unless `env` has another. */
  server?: GeminiServer;
  env?: Record<string, string>;
  /** The text of standard input. Default: empty. */
  input?: string;
  cwd?: string;
  /** Whether standard input stays open after `input`. */
  keepInputOpen?: boolean;
  /** The user id of the process. If it is given, the process runs a copy of the program that every user can read. */
  uid?: number;
  /** The width of the terminal, for `startInTerminal`. Default 80. */
  columns?: number;
}

/** An API key that no output may contain. Tests search the output for it. */
export const canaryKey = 'AIzaCanary-0123456789-never-to-be-seen';

/** Contains the state folders of the processes that this worker starts, if their `env` does not set one. */
const stateRoot = mkdtempSync(join(tmpdir(), 'boticelli-states-'));
process.on('exit', () => rmSync(stateRoot, { recursive: true, force: true }));

/** The environment of the program: an empty home folder, a new state folder, and only PATH from the tests' environment. */
export function createEnvironment({ server, env }: Pick<ProcessOptions, 'server' | 'env'>): Record<string, string> {
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
  if (options.uid === undefined) return startProcess(process.execPath, [bin, ...args], options);
  const installation = getPublicInstallation();
  return startProcess(process.execPath, [join(installation, 'bin/boticelli.js'), ...args], {
    cwd: installation,
    ...options,
  });
}

let publicInstallation: string | undefined;

/** A copy of the program that every user can read: the repository may be in a folder that other users cannot enter. */
function getPublicInstallation(): string {
  if (publicInstallation !== undefined) return publicInstallation;
  const folder = mkdtempSync(join(tmpdir(), 'boticelli-public-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  copyProgram(folder, ['node_modules/@libsql']);
  execFileSync('chmod', ['-R', 'a+rX', folder]);
  publicInstallation = folder;
  return folder;
}

/** Copies the program to a folder, without its `node_modules` except the `libraries`. */
export function copyProgram(folder: string, libraries: readonly string[] = []): void {
  for (const path of ['bin', 'dist/main.cjs', 'dist/lazy', 'package.json', ...libraries])
    cpSync(join(root, path), join(folder, path), { recursive: true });
}

/**
 * Starts a shell script in which `boticelli` is a function, for tests of pipes between processes and of redirections.
 */
export function startShell(script: string, options: ProcessOptions = {}): RunningProcess {
  const prelude = `boticelli() { "${process.execPath}" "${bin}" "$@"; }\n`;
  return startProcess('bash', ['-c', prelude + script], options);
}

/** Starts the real bin in a pseudoterminal; both its output streams appear as `stdout`. */
export function startInTerminal(args: string[], options: ProcessOptions = {}): RunningProcess {
  const command = [`stty cols ${options.columns ?? 80};`, 'exec', process.execPath, bin, ...args].join(' ');
  return startProcess('script', ['--quiet', '--return', '--flush', '--command', command, '/dev/null'], {
    keepInputOpen: true,
    ...options,
    env: { TERM: 'xterm-256color', SHELL: '/bin/sh', ...options.env },
  });
}

/** Runs the real bin and waits for its end. */
export function runBoticelli(args: string[], options: ProcessOptions = {}): Promise<ProcessResult> {
  return startBoticelli(args, options).result;
}

/** Starts a program with the environment that `createEnvironment` returns for the options. */
export function startProcess(command: string, args: string[], options: ProcessOptions = {}): RunningProcess {
  const { cwd = root, input = '', keepInputOpen = false, uid } = options;
  const child = spawn(command, args, {
    cwd,
    env: createEnvironment(options),
    stdio: 'pipe',
    ...(uid !== undefined && { uid }),
  });
  const output = { stdout: '', stderr: '' };
  const outputChanged = createCondition();
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      output[stream] += text;
      outputChanged.notify();
    });
  }
  // A process may end without reading its input.
  child.stdin.on('error', () => {}).write(input);
  if (!keepInputOpen) child.stdin.end();
  return {
    child,
    stdout: () => output.stdout,
    stderr: () => output.stderr,
    waitForOutput: (text, stream = 'stdout') => outputChanged.waitUntil(() => output[stream].includes(text)),
    result: new Promise((resolve) => child.on('close', (code, signal) => resolve({ ...output, code, signal }))),
  };
}

/** Creates a folder with files, and passes `onCleanup` a function that removes the folder. */
export function createTemporaryFolder(
  onCleanup: (clean: () => void) => void,
  files: Record<string, string> = {},
): string {
  const folder = mkdtempSync(join(tmpdir(), 'boticelli-test-'));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  onCleanup(() => removeFolder(folder));
  return folder;
}

/** Removes a folder, even if the test removed the owner's permissions from folders in it. */
function removeFolder(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch {
    // Never reached as root, which needs no permissions.
    execFileSync('chmod', ['-R', 'u+rwX', folder]);
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Renders a narrative with acts `act_1`, `act_2`, … and the prompts `Question 1`, `Question 2`, …
 * @param head further lines of the table `[narrative]`
 */
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
