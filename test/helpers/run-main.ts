import { Readable, Writable } from 'node:stream';
import { main } from '../../src/main.js';
import type { ProcessResult } from './boticelli.js';

interface RunMainOptions {
  env: Record<string, string>;
  cwd: string;
  /** Whether both outputs are terminals. Default false. */
  isTerminal?: boolean;
}

/** Runs the program's `main` in this process with its own streams. It takes a tenth of the time of a new process. */
export async function runMain(
  args: string[],
  { env, cwd, isTerminal = false }: RunMainOptions,
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
    ...{ stdin: Readable.from([]), stdout: createSink('stdout'), stderr: createSink('stderr') },
    ...{ on: noop, off: noop, removeAllListeners: noop, kill: noop },
    exit(status: number) {
      code = status;
    },
  };
  await main(fakeProcess as unknown as NodeJS.Process);
  return { ...output, code, signal: null };
}
