import { Argument, Command, CommanderError, Option } from 'commander';
import manifest from '../package.json' with { type: 'json' };
import { configOption, durationOption, formatOption, tierOption } from './cli/common-options.js';
import type { Failure, SetFailure } from './cli/failure.js';
import {
  collectFallbackModel,
  collectValue,
  collectVariable,
  createIntegerParser,
  parseMaxWaitMs,
  parseModelName,
  parseTemperature,
  parseUsd,
} from './cli/option-parsers.js';
import { toOutputError } from './cli/output-error.js';
import { killBySignal } from './cli/shutdown.js';
import type { CheckOptions } from './commands/check/check.js';
import type { Shell } from './commands/completion.js';
import { createLimitsCommand } from './commands/limits/command.js';
import type { ModelsOptions } from './commands/models/show-models.js';
import type { RunOptions } from './commands/run/run.js';
import { createRunsCommand } from './commands/runs/command.js';
import { exitCodes, Interrupted, toBoticelliError, toErrorReport } from './errors.js';
import { formatError, formatResumeCommand } from './terminal/diagnostics/format-error.js';
import { createOutput, type Output } from './terminal/output.js';
import { createColors } from './terminal/text/colors.js';

type NodeProcess = NodeJS.Process;

/**
 * The program: reads the command line, runs the command, and makes words on standard error and an exit code of its
 * failure. The one place where that happens, and the only one that ends the process.
 */
export async function main(proc: NodeProcess): Promise<void> {
  let failure: Failure | undefined;
  const setFailure: SetFailure = (result) => {
    failure = result;
  };
  // A standard error that can't be written is no reason to stop, nor to fail otherwise than it would.
  proc.stderr.on('error', () => {});
  const stdout = createOutput({
    stream: proc.stdout,
    onFailure: (error) => setFailure({ error: toOutputError(error) }),
  });
  try {
    await createProgram(proc, stdout, setFailure).parseAsync(proc.argv);
  } catch (thrown) {
    // Commander has already told its own: a fault of usage, or help and version, which are none.
    if (!(thrown instanceof CommanderError)) failure = { error: toBoticelliError(thrown) };
    else if (thrown.exitCode !== 0) return proc.exit(exitCodes.usage);
    else await stdout.flush();
  }
  if (!failure) return proc.exit(0);
  await reportFailure(failure, proc);
  await exitWith(failure, proc);
}

function createProgram(proc: NodeProcess, stdout: Output, setFailure: SetFailure): Command {
  const program = new Command('boticelli')
    .description("Plays narratives, prompts in acts, on Google's Gemini.")
    .version(manifest.version)
    .exitOverride()
    // `limits` and `limits probe` have flags of the same names: what follows a command is its own.
    .enablePositionalOptions()
    .showHelpAfterError('  See boticelli --help.')
    .configureOutput({
      writeOut: stdout.write,
      writeErr: (text) => proc.stderr.write(text),
      outputError: (text, write) => write(text.replace(/^error: /, 'boticelli: ')),
    });
  program.addCommand(createRunCommand(proc, setFailure).copyInheritedSettings(program));
  program.addCommand(createCheckCommand(proc, setFailure).copyInheritedSettings(program));
  program.addCommand(createModelsCommand(proc, setFailure).copyInheritedSettings(program));
  program.addCommand(createLimitsCommand(proc, setFailure, program));
  program.addCommand(createSchemaCommand(proc, setFailure).copyInheritedSettings(program));
  program.addCommand(createRunsCommand(proc, setFailure, program));
  program.addCommand(createCompletionCommand(program, stdout).copyInheritedSettings(program));
  return program;
}

function createRunCommand(proc: NodeProcess, setFailure: SetFailure): Command {
  const command = new Command('run')
    .description('run narratives; - reads one from standard input')
    .argument('<narrative...>', 'TOML files, or -')
    .option('-m, --model <id>', 'this model for every act, whatever the file says', parseModelName)
    .option('--stream', 'print tokens as they come')
    .option('--var <key=value>', 'fills {{vars.key}}; repeatable', collectVariable)
    .option('--temperature <n>', 'for every act, 0 to 2', parseTemperature)
    .option('--max-tokens <n>', 'for every act', createIntegerParser(1))
    .addOption(
      new Option('-o, --output <format>', 'what goes to standard output')
        .choices(['text', 'json', 'ndjson'])
        .default('text'),
    )
    .option('-j, --jobs <n>', 'so many narratives at once', createIntegerParser(1), 1)
    .option('--only <act>', "print this act's reply alone; repeatable", collectValue)
    .option('--last', "print the last act's reply alone")
    .option('--out-dir <dir>', 'also write 01-name.md … and run.json there')
    .option('-q, --quiet', 'no progress, warnings only')
    .option('-v, --verbose', 'every attempt, wait and token count')
    .addOption(durationOption('--timeout', 'one attempt of one act, whole').default(300_000, '5m'))
    .addOption(durationOption('--idle-timeout', 'between two chunks of a stream').default(60_000, '60s'))
    .option('--retries <n>', 'further attempts after a passing failure', createIntegerParser(0), 4)
    .addOption(configOption())
    .addOption(tierOption())
    .option('--rpm <n>', 'requests a minute, for every model', createIntegerParser(1))
    .option('--tpm <n>', 'input tokens a minute, for every model', createIntegerParser(1))
    .option('--rpd <n>', 'requests a day, for every model', createIntegerParser(1))
    .option('--max-concurrent <n>', 'requests at once, for every model', createIntegerParser(1))
    .option('--no-rate-limit', 'send without asking the quota book')
    .option('--max-wait <duration>', 'rather than wait longer for quota, fall back or stop', parseMaxWaitMs)
    .option('--fallback <model>', 'turn to this model when quota is used up; repeatable', collectFallbackModel)
    .option('--no-fallback', 'this model or nothing');
  return addReplyFlags(command).action(async (files: string[], options: RunOptions) => {
    const { run } = await import('./commands/run/run.js');
    setFailure(await run(files, options, proc));
  });
}

/** The flags of `run` that say where answers come from, and which of them are good enough. */
function addReplyFlags(command: Command): Command {
  return command
    .option('--live', 'use the Live API where the model can do both')
    .option('--resume', 'take the replies that earlier runs already paid for')
    .option('--from <act>', 'with --resume: ask again from this act on')
    .option('--record <file>', 'keep every answer in this file')
    .option('--replay <file>', 'answer from a recorded file alone: no network, no key')
    .option('--max-cost <usd>', 'stop before the call that would exceed it', parseUsd)
    .option('--rehearse', 'no network, no key: a stand-in says what would be sent')
    .option('--strict', 'a reply cut short by max_tokens is a failure');
}

function createCheckCommand(proc: NodeProcess, setFailure: SetFailure): Command {
  return new Command('check')
    .description('say what is wrong with narratives, without a network')
    .argument('<narrative...>', 'TOML files, folders of them, or -')
    .option('--var <key=value>', 'fills {{vars.key}}; repeatable', collectVariable)
    .addOption(formatOption())
    .option('--strict', 'warnings count as errors do')
    .option('--estimate', 'say what playing them will take: requests, tokens, cost, waits')
    .addOption(tierOption())
    .addOption(configOption())
    .action(async (files: string[], options: CheckOptions) => {
      const { check } = await import('./commands/check/check.js');
      setFailure(await check(files, options, proc));
    });
}

function createSchemaCommand(proc: NodeProcess, setFailure: SetFailure): Command {
  return new Command('schema')
    .description('print the JSON Schema of a narrative file, for editors')
    .action(async () => {
      const { printSchema } = await import('./commands/schema.js');
      setFailure(await printSchema(proc));
    });
}

function createModelsCommand(proc: NodeProcess, setFailure: SetFailure): Command {
  return new Command('models')
    .description('what the key can reach, and how')
    .option('--live', 'only models that speak the Live API')
    .option('--search <text>', 'only models with this in their name or description')
    .option('--refresh', 'ask the service, also where it was asked within a day')
    .addOption(formatOption())
    .addOption(tierOption())
    .addOption(configOption())
    .action(async (options: ModelsOptions) => {
      const { showModels } = await import('./commands/models/show-models.js');
      setFailure(await showModels(options, proc));
    });
}

function createCompletionCommand(program: Command, stdout: Output): Command {
  return new Command('completion')
    .description('print what has a shell complete commands, flags and files')
    .addArgument(new Argument('<shell>', 'the shell').choices(['bash', 'zsh', 'fish']))
    .action(async (shell: Shell) => {
      const { printCompletion } = await import('./commands/completion.js');
      await printCompletion(shell, program, stdout);
    });
}

/** Two lines on standard error; for a bug its stack too. A pipe that was closed is no news. */
async function reportFailure({ error, act, resumeHint, isReported }: Failure, proc: NodeProcess): Promise<void> {
  if (error instanceof Interrupted && error.signal === 'SIGPIPE') return;
  const { stderr } = proc;
  const columns = stderr.isTTY ? stderr.columns : undefined;
  if (!isReported) stderr.write(formatError(toErrorReport(error, act), await createColors(stderr), columns));
  if (resumeHint !== undefined) proc.stderr.write(formatResumeCommand(resumeHint));
  if (error.code === 'internal') proc.stderr.write(`${await redactKeys(getStack(error), proc)}\n`);
}

function getStack({ cause, stack, message }: Error): string {
  return (cause instanceof Error ? cause.stack : stack) ?? message;
}

/** A bug may say anything: the keys of the environment and of `.env` are looked for once more. */
async function redactKeys(text: string, { env, cwd }: NodeProcess): Promise<string> {
  const { readDotEnv } = await import('./config/environment-variables.js');
  const dotEnv = await readDotEnv(cwd()).catch(() => new Map<string, string>());
  const keys = ['GEMINI_API_KEY', 'GOOGLE_API_KEY'].flatMap((name) => [env[name], dotEnv.get(name)]);
  return keys.reduce(
    (redacted: string, key) =>
      (key?.trim().length ?? 0) < 8 ? redacted : redacted.replaceAll(key?.trim() ?? '', '[key]'),
    text,
  );
}

async function exitWith({ error }: Failure, proc: NodeProcess): Promise<void> {
  if (!(error instanceof Interrupted)) return proc.exit(exitCodes[error.code]);
  if (error.signal === 'SIGPIPE') return proc.exit(141);
  killBySignal(error.signal, proc);
}
