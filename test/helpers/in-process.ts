import { vi } from 'vitest';
import type { ProcessResult } from './boticelli.js';
import { runMain } from './run-main.js';

interface InProcessOptions {
  env: Record<string, string>;
  cwd: string;
  /** Default: the working folder. */
  configHome?: string;
  /** Whether both outputs are terminals. Default false. */
  isTerminal?: boolean;
}

/**
 * Runs the program's `main` in this process with its own streams and environment, for tests with many runs. It reads no
 * settings of the machine.
 */
export async function runInProcess(
  args: string[],
  { configHome, ...options }: InProcessOptions,
): Promise<ProcessResult> {
  // The only path that is not taken from the given environment.
  vi.stubEnv('XDG_CONFIG_HOME', configHome ?? options.cwd);
  return runMain(args, options);
}
