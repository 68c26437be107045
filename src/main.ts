import { Command, CommanderError } from 'commander';
import manifest from '../package.json' with { type: 'json' };
import { type CommandFailure, toCommandFailure } from './cli/command-failure.js';
import { toStdoutError } from './cli/output.js';
import { killBySignal } from './cli/shutdown.js';
import { addCheckCommand } from './commands/check/command.js';
import { addCompleteCommand } from './commands/complete.js';
import { addCompletionCommand } from './commands/completion.js';
import { addInitCommand } from './commands/init/command.js';
import { addLimitsCommand } from './commands/limits/command.js';
import { addModelsCommand } from './commands/models/command.js';
import { addRunCommand } from './commands/run/command.js';
import { addRunsCommand } from './commands/runs/command.js';
import { addSchemaCommand } from './commands/schema.js';
import { exitCodes, Interrupted, toErrorReport } from './errors.js';
import { formatError, indentResumeHint } from './terminal/diagnostics/format-error.js';
import { createOutput, type Output } from './terminal/output.js';
import { createColors } from './terminal/text/colors.js';
import { toPrintable } from './terminal/text/printable.js';

type NodeProcess = NodeJS.Process;

const commands = [
  ...[addRunCommand, addInitCommand, addCheckCommand, addModelsCommand, addLimitsCommand],
  ...[addSchemaCommand, addRunsCommand, addCompletionCommand, addCompleteCommand],
];

/**
 * Runs the program, and ends the process with the exit code 0 or that of the error. Prints the error of a command that
 * failed, unless the command has printed it.
 */
export async function main(proc: NodeProcess): Promise<void> {
  // A failure to write to standard error changes neither the run nor its exit code.
  proc.stderr.on('error', () => {});
  failUnlessFinished(proc);
  if (proc.argv.length <= 2) return printIntroduction(proc);
  let failure: CommandFailure | undefined;
  // For what commander prints: --help and --version. A command creates its own output.
  const stdout = createOutput({
    stream: proc.stdout,
    onFailure: (error) => {
      failure = toCommandFailure(toStdoutError(error));
    },
  });
  try {
    await createProgram(proc, stdout).parseAsync(proc.argv);
  } catch (thrown) {
    // Commander has printed its own errors. It also throws after --help and --version, which are not errors.
    if (!(thrown instanceof CommanderError)) failure = toCommandFailure(thrown);
    else if (thrown.exitCode !== 0) return proc.exit(exitCodes.usage);
    else await stdout.flush();
  }
  if (!failure) return proc.exit(0);
  await reportFailure(failure, proc);
  exitWith(failure, proc);
}

/**
 * Prints what the program does, and fails as a usage error does: a script that passes no arguments has probably lost
 * them.
 */
async function printIntroduction(proc: NodeProcess): Promise<void> {
  const { renderIntroduction } = await import('./commands/init/introduction.js');
  proc.stderr.write(renderIntroduction(proc.env));
  proc.exit(exitCodes.usage);
}

/**
 * Makes the exit code a failure until this program sets another one. If the program awaits a promise that never settles
 * and nothing else keeps Node running, Node exits silently with code 0, and a script would take that for success.
 */
function failUnlessFinished(proc: NodeProcess): void {
  proc.exitCode = exitCodes.internal;
  let isReported = false;
  proc.on('beforeExit', async () => {
    // Node emits the event again after the report has been written.
    if (isReported) return;
    isReported = true;
    const failure = toCommandFailure(new Error('the command stopped before it had finished'));
    await reportFailure(failure, proc);
    exitWith(failure, proc);
  });
}

function createProgram(proc: NodeProcess, stdout: Output): Command {
  const program = new Command('boticelli')
    .description("Run multi-step prompts from a TOML file on Google's Gemini.")
    .version(manifest.version)
    .exitOverride()
    // `limits` and `limits probe` have options of the same name. An option belongs to the command that it follows.
    .enablePositionalOptions()
    .showHelpAfterError('  See boticelli --help.')
    .configureOutput({
      writeOut: stdout.write,
      writeErr: (text) => proc.stderr.write(text),
      outputError: (text, write) => write(toPrintable(text.replace(/^error: /, 'boticelli: '))),
    });
  for (const addCommand of commands) addCommand(program, proc);
  return program;
}

/** Prints the error with its hint, how to resume, and for a bug the stack. Prints nothing for a closed pipe. */
async function reportFailure({ error, context }: CommandFailure, proc: NodeProcess): Promise<void> {
  if (error instanceof Interrupted && error.signal === 'SIGPIPE') return;
  const { act, resumeHint, isReported = false } = context;
  const { stderr } = proc;
  const columns = stderr.isTTY ? stderr.columns : undefined;
  if (!isReported) stderr.write(formatError(toErrorReport(error, act), await createColors(stderr), columns));
  if (resumeHint !== undefined) stderr.write(indentResumeHint(resumeHint));
  if (error.code === 'internal') stderr.write(`${toPrintable(await redactApiKeys(getStack(error), proc))}\n`);
}

function getStack({ cause, stack, message }: Error): string {
  return (cause instanceof Error ? cause.stack : stack) ?? message;
}

/** The stack of a bug may contain anything, so the API keys in the environment and in `.env` are removed from it. */
async function redactApiKeys(text: string, { env, cwd }: NodeProcess): Promise<string> {
  const { readDotEnv } = await import('./config/environment-variables.js');
  // `cwd` throws if the current folder no longer exists.
  const readCurrent = async () => readDotEnv(cwd());
  const dotEnv = await readCurrent().catch(() => new Map<string, string>());
  const values = ['GEMINI_API_KEY', 'GOOGLE_API_KEY'].flatMap((name) => [env[name], dotEnv.get(name)]);
  const keys = values.flatMap((value) => value?.trim() ?? []).filter((key) => key.length >= 8);
  return keys.reduce((redacted, key) => redacted.replaceAll(key, '[key]'), text);
}

function exitWith({ error }: CommandFailure, proc: NodeProcess): void {
  if (!(error instanceof Interrupted)) proc.exit(exitCodes[error.code]);
  // The exit code that shells report for a process that SIGPIPE has killed.
  else if (error.signal === 'SIGPIPE') proc.exit(141);
  else killBySignal(error.signal, proc);
}
