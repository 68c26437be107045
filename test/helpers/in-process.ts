import { join } from 'node:path';
import { createEnvironment, type ProcessOptions, type ProcessResult, root } from './boticelli.js';
import { runMain } from './run-main.js';

/** The options of `runBoticelli` that need no process of their own. */
export interface InProcessOptions extends Pick<ProcessOptions, 'server' | 'env' | 'input' | 'cwd'> {
  /** Whether both outputs are terminals. Default false. */
  isTerminal?: boolean;
}

/** The variables that libraries read from the process rather than from the environment that `main` is given. */
const userFolders = { HOME: '', XDG_CONFIG_HOME: '.config', XDG_DATA_HOME: '.local/share' };

let lastRun: Promise<unknown> = Promise.resolve();

/**
 * Runs the program's `main` in this process, with the environment and working folder of `runBoticelli`. It is for tests of
 * what the program prints, sends and stores. Tests of signals, terminals, crashes and programs that run at the same time
 * need `runBoticelli`: a process has one working folder, so calls run one after another.
 */
export function runInProcess(args: string[], options: InProcessOptions = {}): Promise<ProcessResult> {
  const run = lastRun.then(() => runInSurroundings(args, options));
  lastRun = run.catch(() => {});
  return run;
}

async function runInSurroundings(args: string[], options: InProcessOptions): Promise<ProcessResult> {
  const { cwd = root } = options;
  const env = createEnvironment(options);
  const [workingFolder, variables] = [process.cwd(), { ...process.env }];
  for (const [name, folder] of Object.entries(userFolders))
    process.env[name] = env[name] ?? join(env.HOME ?? '', folder);
  process.chdir(cwd);
  try {
    return await runMain(args, { ...options, env, cwd });
  } finally {
    process.chdir(workingFolder);
    for (const name of Object.keys(userFolders)) restoreVariable(name, variables[name]);
  }
}

function restoreVariable(name: string, value: string | undefined): void {
  if (value === undefined) delete process.env[name];
  else process.env[name] = value;
}
