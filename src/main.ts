import { Argument, Command, CommanderError, Option } from 'commander';
import manifest from '../package.json' with { type: 'json' };
import { duration, format, settingsFile, tier } from './cli/common-options.js';
import type { Ended, Failure } from './cli/failure.js';
import {
  collected,
  fallbackModels,
  modelName,
  patienceMs,
  temperature,
  usd,
  variables,
  wholeNumber,
} from './cli/option-parsers.js';
import { failureOfOutput } from './cli/output-error.js';
import { dieOf } from './cli/shutdown.js';
import type { CheckOptions } from './commands/check/check.js';
import type { Shell } from './commands/completion.js';
import { limitsCommand } from './commands/limits/command.js';
import type { ModelsOptions } from './commands/models/models.js';
import type { RunOptions } from './commands/run/run.js';
import { runsCommand } from './commands/runs/command.js';
import { asBoticelliError, exitCodes, Interrupted, reportOf } from './errors.js';
import { errorLines, goOnLine } from './terminal/diagnostics/error-lines.js';
import { createOutput, type Output } from './terminal/output.js';
import { paintFor } from './terminal/text/colors.js';

type Process = NodeJS.Process;

/**
 * The program: reads the command line, runs the command, and makes words on standard error and an exit code of its
 * failure. The one place where that happens, and the only one that ends the process.
 */
export async function main(host: Process): Promise<void> {
  let failure: Failure | undefined;
  const ended: Ended = (result) => {
    failure = result;
  };
  // A standard error that can't be written is no reason to stop, nor to fail otherwise than it would.
  host.stderr.on('error', () => {});
  const stdout = createOutput({ stream: host.stdout, onFailure: (error) => ended({ error: failureOfOutput(error) }) });
  try {
    await program(host, stdout, ended).parseAsync(host.argv);
  } catch (thrown) {
    // Commander has already told its own: a fault of usage, or help and version, which are none.
    if (!(thrown instanceof CommanderError)) failure = { error: asBoticelliError(thrown) };
    else if (thrown.exitCode !== 0) return host.exit(exitCodes.usage);
    else await stdout.flushed();
  }
  if (!failure) return host.exit(0);
  await tell(failure, host);
  await end(failure, host);
}

function program(host: Process, stdout: Output, ended: Ended): Command {
  const boticelli = new Command('boticelli')
    .description("Plays narratives, prompts in acts, on Google's Gemini.")
    .version(manifest.version)
    .exitOverride()
    // `limits` and `limits probe` have flags of the same names: what follows a command is its own.
    .enablePositionalOptions()
    .showHelpAfterError('  See boticelli --help.')
    .configureOutput({
      writeOut: stdout.write,
      writeErr: (text) => host.stderr.write(text),
      outputError: (text, write) => write(text.replace(/^error: /, 'boticelli: ')),
    });
  boticelli.addCommand(runCommand(host, ended).copyInheritedSettings(boticelli));
  boticelli.addCommand(checkCommand(host, ended).copyInheritedSettings(boticelli));
  boticelli.addCommand(modelsCommand(host, ended).copyInheritedSettings(boticelli));
  boticelli.addCommand(limitsCommand(host, ended, boticelli));
  boticelli.addCommand(schemaCommand(host, ended).copyInheritedSettings(boticelli));
  boticelli.addCommand(runsCommand(host, ended, boticelli));
  boticelli.addCommand(completionCommand(boticelli, stdout).copyInheritedSettings(boticelli));
  return boticelli;
}

function runCommand(host: Process, ended: Ended): Command {
  const run = new Command('run')
    .description('run narratives; - reads one from standard input')
    .argument('<narrative...>', 'TOML files, or -')
    .option('-m, --model <id>', 'this model for every act, whatever the file says', modelName)
    .option('--stream', 'print tokens as they come')
    .option('--var <key=value>', 'fills {{vars.key}}; repeatable', variables)
    .option('--temperature <n>', 'for every act, 0 to 2', temperature)
    .option('--max-tokens <n>', 'for every act', wholeNumber(1))
    .addOption(
      new Option('-o, --output <format>', 'what goes to standard output')
        .choices(['text', 'json', 'ndjson'])
        .default('text'),
    )
    .option('-j, --jobs <n>', 'so many narratives at once', wholeNumber(1), 1)
    .option('--only <act>', "print this act's reply alone; repeatable", collected)
    .option('--last', "print the last act's reply alone")
    .option('--out-dir <dir>', 'also write 01-name.md … and run.json there')
    .option('-q, --quiet', 'no progress, warnings only')
    .option('-v, --verbose', 'every attempt, wait and token count')
    .addOption(duration('--timeout', 'one attempt of one act, whole').default(300_000, '5m'))
    .addOption(duration('--idle-timeout', 'between two chunks of a stream').default(60_000, '60s'))
    .option('--retries <n>', 'further attempts after a passing failure', wholeNumber(0), 4)
    .addOption(settingsFile())
    .addOption(tier())
    .option('--rpm <n>', 'requests a minute, for every model', wholeNumber(1))
    .option('--tpm <n>', 'input tokens a minute, for every model', wholeNumber(1))
    .option('--rpd <n>', 'requests a day, for every model', wholeNumber(1))
    .option('--max-concurrent <n>', 'requests at once, for every model', wholeNumber(1))
    .option('--no-rate-limit', 'send without asking the quota book')
    .option('--max-wait <duration>', 'rather than wait longer for quota, fall back or stop', patienceMs)
    .option('--fallback <model>', 'turn to this model when quota is used up; repeatable', fallbackModels)
    .option('--no-fallback', 'this model or nothing');
  return withAnswerFlags(run).action(async (files: string[], options: RunOptions) => {
    const { run } = await import('./commands/run/run.js');
    ended(await run(files, options, host));
  });
}

/** The flags of `run` that say where answers come from, and which of them are good enough. */
function withAnswerFlags(run: Command): Command {
  return run
    .option('--live', 'use the Live API where the model can do both')
    .option('--resume', 'take the replies that earlier runs already paid for')
    .option('--from <act>', 'with --resume: ask again from this act on')
    .option('--record <file>', 'keep every answer in this file')
    .option('--replay <file>', 'answer from a recorded file alone: no network, no key')
    .option('--max-cost <usd>', 'stop before the call that would exceed it', usd)
    .option('--rehearse', 'no network, no key: a stand-in says what would be sent')
    .option('--strict', 'a reply cut short by max_tokens is a failure');
}

function checkCommand(host: Process, ended: Ended): Command {
  return new Command('check')
    .description('say what is wrong with narratives, without a network')
    .argument('<narrative...>', 'TOML files, folders of them, or -')
    .option('--var <key=value>', 'fills {{vars.key}}; repeatable', variables)
    .addOption(format())
    .option('--strict', 'warnings count as errors do')
    .option('--estimate', 'say what playing them will take: requests, tokens, cost, waits')
    .addOption(tier())
    .addOption(settingsFile())
    .action(async (files: string[], options: CheckOptions) => {
      const { check } = await import('./commands/check/check.js');
      ended(await check(files, options, host));
    });
}

function schemaCommand(host: Process, ended: Ended): Command {
  return new Command('schema')
    .description('print the JSON Schema of a narrative file, for editors')
    .action(async () => {
      const { schema } = await import('./commands/schema.js');
      ended(await schema(host));
    });
}

function modelsCommand(host: Process, ended: Ended): Command {
  return new Command('models')
    .description('what the key can reach, and how')
    .option('--live', 'only models that speak the Live API')
    .option('--search <text>', 'only models with this in their name or description')
    .option('--refresh', 'ask the service, also where it was asked within a day')
    .addOption(format())
    .addOption(tier())
    .addOption(settingsFile())
    .action(async (options: ModelsOptions) => {
      const { models } = await import('./commands/models/models.js');
      ended(await models(options, host));
    });
}

function completionCommand(boticelli: Command, stdout: Output): Command {
  return new Command('completion')
    .description('print what has a shell complete commands, flags and files')
    .addArgument(new Argument('<shell>', 'the shell').choices(['bash', 'zsh', 'fish']))
    .action(async (shell: Shell) => {
      const { completion } = await import('./commands/completion.js');
      await completion(shell, boticelli, stdout);
    });
}

/** Two lines on standard error; for a bug its stack too. A pipe that was closed is no news. */
async function tell({ error, act, goOn, isTold }: Failure, host: Process): Promise<void> {
  if (error instanceof Interrupted && error.signal === 'SIGPIPE') return;
  const { stderr } = host;
  const columns = stderr.isTTY ? stderr.columns : undefined;
  if (!isTold) stderr.write(errorLines(reportOf(error, act), await paintFor(stderr), columns));
  if (goOn !== undefined) host.stderr.write(goOnLine(goOn));
  if (error.code === 'internal') host.stderr.write(`${await withoutKeys(stackOf(error), host)}\n`);
}

function stackOf({ cause, stack, message }: Error): string {
  return (cause instanceof Error ? cause.stack : stack) ?? message;
}

/** A bug may say anything: the keys of the environment and of `.env` are looked for once more. */
async function withoutKeys(text: string, { env, cwd }: Process): Promise<string> {
  const { readDotEnv } = await import('./config/dot-env.js');
  const dotEnv = await readDotEnv(cwd()).catch(() => new Map<string, string>());
  const keys = ['GEMINI_API_KEY', 'GOOGLE_API_KEY'].flatMap((name) => [env[name], dotEnv.get(name)]);
  return keys.reduce(
    (rest: string, key) => ((key?.trim().length ?? 0) < 8 ? rest : rest.replaceAll(key?.trim() ?? '', '[key]')),
    text,
  );
}

async function end({ error }: Failure, host: Process): Promise<void> {
  if (!(error instanceof Interrupted)) return host.exit(exitCodes[error.code]);
  if (error.signal === 'SIGPIPE') return host.exit(141);
  dieOf(error.signal, host);
}
