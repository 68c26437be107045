import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { type ProcessResult, root } from './boticelli.js';

interface RunMainOptions {
  env: Record<string, string>;
  cwd: string;
  /** Standard input. Default: empty. */
  input?: string;
  /** Whether standard output and standard error are terminals. Default false. */
  isTerminal?: boolean;
}

// A new process runs this bundle too, so tests in this process and tests with a new one test the same program.
const loadBundle = (): typeof import('../../src/main.js') =>
  createRequire(import.meta.url)(join(root, 'dist/main.cjs'));

/** Runs the program's `main` in this process, and records what it writes. A new process takes ten times as long. */
export async function runMain(
  args: string[],
  { env, cwd, input = '', isTerminal = false }: RunMainOptions,
): Promise<ProcessResult> {
  const output = { stdout: '', stderr: '' };
  const createSink = (name: keyof typeof output) =>
    Object.assign(
      new Writable({
        write(chunk, _encoding, done) {
          output[name] += chunk;
          done();
        },
      }),
      isTerminal && { isTTY: true, columns: 80 },
    );
  const noop = () => {};
  let code: number | null = null;
  const fakeProcess = {
    ...{ argv: ['node', 'boticelli', ...args], env, pid: process.pid, cwd: () => cwd },
    stdin: Readable.from(input === '' ? [] : [Buffer.from(input)]),
    ...{ stdout: createSink('stdout'), stderr: createSink('stderr') },
    ...{ on: noop, off: noop, removeAllListeners: noop, kill: noop },
    exit(status: number) {
      code = status;
    },
  };
  await loadBundle().main(fakeProcess as unknown as NodeJS.Process);
  return { ...output, code, signal: null };
}
