import { Argument, Option } from 'commander';
import { formatOption, yesOption } from '../../cli/common-options.js';
import { defineCommand } from '../../cli/define-command.js';
import { createIntegerParser, parseAgeMs } from '../../cli/option-parsers.js';
import type { ClearOptions } from './clear.js';
import type { ExportOptions, RunsOptions } from './print-runs.js';
import type { ReportOptions } from './report.js';

const runArgument = new Argument('[run]', 'id of a run, its first characters, or last').default('last', 'last');

const addShowCommand = defineCommand<[run: string], Record<never, never>>({
  name: 'show',
  description: 'show one run with its replies',
  arguments: [runArgument],
  options: {},
  loadHandler: async () => {
    const { showRun } = await import('./print-runs.js');
    return (run, _options, proc) => showRun(run, proc);
  },
});

const addExportCommand = defineCommand<[run: string], ExportOptions>({
  name: 'export',
  description: 'print one run as JSON or Markdown',
  arguments: [runArgument],
  options: { format: new Option('--format <format>', 'output format').choices(['json', 'markdown']).default('json') },
  loadHandler: async () => (await import('./print-runs.js')).exportRun,
});

const addReportCommand = defineCommand<[runs: string[]], ReportOptions>({
  name: 'report',
  description: 'write an HTML page about one run, or several side by side',
  arguments: [new Argument('[run...]', 'ids of runs, their first characters, or last').default(['last'], 'last')],
  options: {
    output: new Option('--output <file>', 'file to write').default('report.html'),
    open: new Option('--open', 'open the page in the browser'),
    force: new Option('--force', 'replace the file if it exists'),
  },
  loadHandler: async () => (await import('./report.js')).writeRunReport,
});

const addClearCommand = defineCommand<[], ClearOptions>({
  name: 'clear',
  description: 'delete runs and the replies that --resume reuses',
  options: {
    olderThan: new Option('--older-than <duration>', 'only runs older than this, such as 30d').argParser(parseAgeMs),
    narrative: new Option('--narrative <name>', 'only runs of this narrative'),
    yes: yesOption(),
  },
  loadHandler: async () => (await import('./clear.js')).clearRunHistory,
});

/** `boticelli runs` and its subcommands */
export const addRunsCommand = defineCommand<[], RunsOptions>({
  name: 'runs',
  description: 'list earlier runs, newest first',
  options: {
    limit: new Option('-n, --limit <n>', 'maximum runs to list').argParser(createIntegerParser(1)).default(20),
    format: formatOption(),
  },
  subcommands: [addShowCommand, addExportCommand, addReportCommand, addClearCommand],
  loadHandler: async () => (await import('./print-runs.js')).listRunHistory,
});
