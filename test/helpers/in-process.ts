import { Readable, Writable } from 'node:stream';
import { vi } from 'vitest';
import { main } from '../../src/main.js';
import type { Ended } from './boticelli.js';

/**
 * Runs the program's `main` within this process, with streams and an environment of its own: a tenth of a process's time,
 * for tests that need it often. Nothing of the machine's own settings is read.
 */
export async function inProcess(
  args: string[],
  { env, cwd }: { env: Record<string, string>; cwd: string },
): Promise<Ended> {
  // The one place that is looked for without the host's word.
  vi.stubEnv('XDG_CONFIG_HOME', cwd);
  const said = { stdout: '', stderr: '' };
  const into = (name: keyof typeof said) =>
    new Writable({
      write(chunk, _encoding, done) {
        said[name] += chunk;
        done();
      },
    });
  const none = () => {};
  let code: number | null = null;
  const host = {
    ...{ argv: ['node', 'boticelli', ...args], env, pid: process.pid, cwd: () => cwd },
    ...{ stdin: Readable.from([]), stdout: into('stdout'), stderr: into('stderr') },
    ...{ on: none, off: none, removeAllListeners: none, kill: none },
    exit(status: number) {
      code = status;
    },
  };
  await main(host as unknown as NodeJS.Process);
  return { ...said, code, signal: null };
}
