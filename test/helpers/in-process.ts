import { join } from 'node:path';
import { createEnvironment, type ProcessOptions, type ProcessResult, root } from './boticelli.js';
import { runMain } from './run-main.js';

/** The options of `runBoticelli` that need no process of their own. */
export interface InProcessOptions extends Pick<ProcessOptions, 'server' | 'env' | 'input' | 'cwd'> {
  /** Whether both outputs are terminals. Default false. */
  isTerminal?: boolean;
}

let lastRun: Promise<unknown> = Promise.resolve();

/**
 * Runs the program's `main` in this process, with the environment and working folder of `runBoticelli`. It is for tests of
 * what the program prints, sends and stores. As the end of a process closes the state database, a run in this process may
 * leave it open. Tests of signals, terminals, crashes and programs that run at the same time
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
  // Libraries read proxies and folders from the process. `env-paths` keeps the home folder that it has seen first.
  replaceVariables({ ...findUserFolders(env), ...env });
  process.chdir(cwd);
  try {
    return await runMain(args, { ...options, env, cwd });
  } finally {
    process.chdir(workingFolder);
    replaceVariables(variables);
  }
}

const findUserFolders = ({ HOME = '' }: Record<string, string>) => ({
  ...{ XDG_CONFIG_HOME: join(HOME, '.config'), XDG_DATA_HOME: join(HOME, '.local/share') },
});

function replaceVariables(variables: NodeJS.ProcessEnv): void {
  for (const name of Object.keys(process.env)) if (!(name in variables)) delete process.env[name];
  Object.assign(process.env, variables);
}
