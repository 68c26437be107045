import { Argument, Command, Option } from 'commander';
import type { SetFailure } from '../../cli/failure.js';
import { createIntegerParser, parseAgeMs } from '../../cli/option-parsers.js';
import type { CliProcess } from '../../cli/process.js';
import type { ClearOptions } from './clear.js';
import type { ExportOptions } from './export.js';
import type { RunsOptions } from './list.js';

/** `boticelli runs` and the commands within it. What each does is loaded when it is used. */
export function createRunsCommand(proc: CliProcess, setFailure: SetFailure, parent: Command): Command {
  const command = new Command('runs')
    .copyInheritedSettings(parent)
    .description('the record of earlier runs, newest first')
    .option('-n, --limit <n>', 'so many at most', createIntegerParser(1), 20)
    .addOption(new Option('--format <format>', 'how to say it').choices(['text', 'json']).default('text'))
    .action(async (options: RunsOptions) => {
      const { listRunHistory } = await import('./list.js');
      setFailure(await listRunHistory(options, proc));
    });
  for (const subcommand of [
    createShowCommand(proc, setFailure),
    createExportCommand(proc, setFailure),
    createClearCommand(proc, setFailure),
  ])
    command.addCommand(subcommand.copyInheritedSettings(parent));
  return command;
}

/** A run is named by the beginning of its id. */
function runArgument(): Argument {
  return new Argument('[run]', "the run's id or its beginning, or last").default('last', 'last');
}

function createShowCommand(proc: CliProcess, setFailure: SetFailure): Command {
  return new Command('show')
    .description('one run, act by act, with its replies')
    .addArgument(runArgument())
    .action(async (run: string) => {
      const { showRun } = await import('./show.js');
      setFailure(await showRun(run, proc));
    });
}

function createExportCommand(proc: CliProcess, setFailure: SetFailure): Command {
  return new Command('export')
    .description('one run as a document')
    .addArgument(runArgument())
    .addOption(new Option('--format <format>', 'what document').choices(['json', 'markdown']).default('json'))
    .action(async (run: string, options: ExportOptions) => {
      const { exportRun } = await import('./export.js');
      setFailure(await exportRun(run, options, proc));
    });
}

function createClearCommand(proc: CliProcess, setFailure: SetFailure): Command {
  return new Command('clear')
    .description('forget runs, and the replies that --resume would take')
    .option('--older-than <duration>', 'only what is older, such as 30d', parseAgeMs)
    .option('--narrative <name>', 'only what this narrative left')
    .option('--yes', 'do not ask before')
    .action(async (options: ClearOptions) => {
      const { clearRunHistory } = await import('./clear.js');
      setFailure(await clearRunHistory(options, proc));
    });
}
