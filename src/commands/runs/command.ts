import { Argument, Command, Option } from 'commander';
import type { Ended } from '../../cli/failure.js';
import { ageMs, wholeNumber } from '../../cli/option-parsers.js';
import type { Host } from '../../cli/process.js';
import type { ClearOptions } from './clear.js';
import type { ExportOptions } from './export.js';
import type { RunsOptions } from './list.js';

/** `boticelli runs` and the commands within it. What each does is loaded when it is used. */
export function runsCommand(host: Host, ended: Ended, parent: Command): Command {
  const runs = new Command('runs')
    .copyInheritedSettings(parent)
    .description('the record of earlier runs, newest first')
    .option('-n, --limit <n>', 'so many at most', wholeNumber(1), 20)
    .addOption(new Option('--format <format>', 'how to say it').choices(['text', 'json']).default('text'))
    .action(async (options: RunsOptions) => {
      const { listRecorded } = await import('./list.js');
      ended(await listRecorded(options, host));
    });
  for (const command of [showCommand(host, ended), exportCommand(host, ended), clearCommand(host, ended)])
    runs.addCommand(command.copyInheritedSettings(parent));
  return runs;
}

/** A run is named by the beginning of its id. */
function id(): Argument {
  return new Argument('[run]', "the run's id or its beginning, or last").default('last', 'last');
}

function showCommand(host: Host, ended: Ended): Command {
  return new Command('show')
    .description('one run, act by act, with its replies')
    .addArgument(id())
    .action(async (run: string) => {
      const { showRun } = await import('./show.js');
      ended(await showRun(run, host));
    });
}

function exportCommand(host: Host, ended: Ended): Command {
  return new Command('export')
    .description('one run as a document')
    .addArgument(id())
    .addOption(new Option('--format <format>', 'what document').choices(['json', 'markdown']).default('json'))
    .action(async (run: string, options: ExportOptions) => {
      const { exportRun } = await import('./export.js');
      ended(await exportRun(run, options, host));
    });
}

function clearCommand(host: Host, ended: Ended): Command {
  return new Command('clear')
    .description('forget runs, and the replies that --resume would take')
    .option('--older-than <duration>', 'only what is older, such as 30d', ageMs)
    .option('--narrative <name>', 'only what this narrative left')
    .option('--yes', 'do not ask before')
    .action(async (options: ClearOptions) => {
      const { clearRecorded } = await import('./clear.js');
      ended(await clearRecorded(options, host));
    });
}
