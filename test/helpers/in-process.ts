import { join } from 'node:path';
import { createEnvironment, type ProcessOptions, type ProcessResult, root } from './boticelli.js';
import { runMain } from './run-main.js';

/** The options of `runBoticelli` that need no separate process. */
export interface InProcessOptions extends Pick<ProcessOptions, 'server' | 'env' | 'input' | 'cwd'> {
  /** Whether standard output and standard error are terminals. Default false. */
  isTerminal?: boolean;
}

let lastRun: Promise<unknown> = Promise.resolve();

/**
 * Runs the program's `main` in this process, with the environment and working folder of `runBoticelli`. It is for tests
 * of what the program prints, sends and stores. Tests of signals, real terminals, crashes and several processes at the
 * same time need `runBoticelli`. Calls run one after another, because a process has only one working folder. A run may
 * leave the state database open, because the program relies on the end of its process to close it.
 */
export function runInProcess(args: string[], options: InProcessOptions = {}): Promise<ProcessResult> {
  const run = lastRun.then(() => runInEnvironment(args, options));
  lastRun = run.catch(() => {});
  return run;
}

async function runInEnvironment(args: string[], options: InProcessOptions): Promise<ProcessResult> {
  const { cwd = root } = options;
  const env = createEnvironment(options);
  const [workingFolder, variables] = [process.cwd(), { ...process.env }];
  // Libraries read proxies and folders from `process.env`. `env-paths` reads HOME only once, when it is loaded, but the XDG
  // variables at each call, so the XDG variables set the folders of a run.
  replaceVariables({ ...createXdgVariables(env), ...env });
  process.chdir(cwd);
  try {
    return await runMain(args, { ...options, env, cwd });
  } finally {
    process.chdir(workingFolder);
    replaceVariables(variables);
  }
}

const createXdgVariables = ({ HOME = '' }: Record<string, string>) => ({
  ...{ XDG_CONFIG_HOME: join(HOME, '.config'), XDG_DATA_HOME: join(HOME, '.local/share') },
});

function replaceVariables(variables: NodeJS.ProcessEnv): void {
  for (const name of Object.keys(process.env)) if (!(name in variables)) delete process.env[name];
  Object.assign(process.env, variables);
}
